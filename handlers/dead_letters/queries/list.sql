-- The letters in the states $7, latest first, at most $8; without their bytes.
SELECT id, stream, consumer, stream_sequence, subject, length(payload) AS payload_bytes, is_whole, error_class, error,
       fingerprint, attempts, first_failed_at, last_failed_at, replays, replay_of, state, decided_at, decided_by,
       drop_reason
FROM dead_letter
WHERE ($1::uuid[] IS NULL OR id = ANY ($1))
  AND ($2::text IS NULL OR fingerprint = $2)
  AND ($3::text IS NULL OR consumer = $3)
  AND ($4::text IS NULL OR subject = $4)
  AND ($5::text IS NULL OR error_class = $5)
  AND ($6::timestamptz IS NULL OR last_failed_at >= $6)
  AND state = ANY ($7::text[])
ORDER BY last_failed_at DESC, number DESC
LIMIT $8
