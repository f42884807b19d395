-- Of which entities and fields the reviews $1 are; what is locked first follows from it.
SELECT id, entity_type, entity_id, field FROM review WHERE id = ANY ($1::uuid[])
