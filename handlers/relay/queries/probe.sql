-- The first unsent row of the buckets $1 whose subject begins with one of $3, without the rows $2.
SELECT id, event_id, subject, entity_type, entity_id, parent_id, op, changed_fields, version, causation_id,
       correlation_id, headers, payload, queued_at, sendings
FROM outbox
WHERE processed_at IS NULL AND bucket = ANY ($1::smallint[]) AND id <> ALL ($2::bigint[])
  AND subject ^@ ANY ($3::text[])
ORDER BY id
LIMIT 1
