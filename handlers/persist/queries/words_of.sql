-- What is remembered of the fields $2 of the entities $1, oldest first.
SELECT entity_id, field, event_id, source, observed_at, value::text AS value, said_at, correlation_id, is_judged, is_told,
       has_won, belief::text AS belief
FROM guarded_word
WHERE entity_id = ANY ($1::uuid[]) AND field = ANY ($2::text[])
ORDER BY entity_id, field, observed_at, event_id::text
