-- The fields of the entities $1 for which a change waits.
SELECT entity_id, field FROM review WHERE entity_id = ANY ($1::uuid[]) AND state = 'pending'
