-- The letters in the states $7, latest first, at most $8; without their bytes.
SELECT id, stream, consumer, stream_sequence, subject, length(payload) AS payload_bytes, is_whole, error_class, error,
       fingerprint, attempts, first_failed_at, last_failed_at, replays, replay_of, state, decided_at, decided_by,
       drop_reason
FROM dead_letter
WHERE
  -- include meant
  AND state = ANY ($7::text[])
ORDER BY last_failed_at DESC, number DESC
LIMIT $8
