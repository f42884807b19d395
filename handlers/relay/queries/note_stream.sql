-- The stream $1 as it is now.
INSERT INTO stream_seen (stream, made_at, last_sequence) VALUES ($1, $2, $3)
ON CONFLICT (stream) DO UPDATE
SET made_at = excluded.made_at, last_sequence = excluded.last_sequence, seen_at = now()
