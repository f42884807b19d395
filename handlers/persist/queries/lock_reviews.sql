-- The reviews $1, locked in the order of their ids.
SELECT id, entity_type, entity_id, field, old::text AS old, new::text AS new, source, correlation_id, state, decided_by,
       decision_event, before::text AS before, belief::text AS belief
FROM review WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE
