-- Forget the words ($1 entities, $2 fields, $3 events).
DELETE FROM guarded_word AS w
USING unnest($1::uuid[], $2::text[], $3::uuid[]) AS gone(entity_id, field, event_id)
WHERE (w.entity_id, w.field, w.event_id) = (gone.entity_id, gone.field, gone.event_id)
