-- The reviews of the fields $2 of the entities $1; a superseded one counts for nothing any more.
SELECT id, entity_id, field, old::text AS old, new::text AS new, source, observed_at, event_id, correlation_id,
       reasons::text AS reasons, created_at, state, belief::text AS belief
FROM review
WHERE entity_id = ANY ($1::uuid[]) AND field = ANY ($2::text[]) AND state <> 'superseded'
