-- One letter, whole.
SELECT id, stream, consumer, stream_sequence, subject, length(payload) AS payload_bytes, is_whole, error_class, error,
       fingerprint, attempts, first_failed_at, last_failed_at, replays, replay_of, state, decided_at, decided_by,
       drop_reason, payload, headers
FROM dead_letter
WHERE id = $1
