-- The next $2 unsent rows of the buckets $1 in the order of their ids, without the rows $3. By state, never by a cursor: an id is handed out
-- before its transaction commits, so a reader that remembers the last id would skip rows that commit late. Rows whose
-- subject begins with one of $4 are left out: the stream that they go to takes nothing at present.
SELECT id, event_id, subject, entity_type, entity_id, parent_id, op, changed_fields, version, causation_id,
       correlation_id, headers, payload, queued_at, sendings
FROM outbox
WHERE processed_at IS NULL AND bucket = ANY ($1::smallint[]) AND id <> ALL ($3::bigint[])
  AND NOT (subject ^@ ANY ($4::text[]))
ORDER BY id
LIMIT $2
