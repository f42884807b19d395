-- The next $8 letters of a choice up to the number $7, in the order of their stream.
SELECT id, subject, payload, headers, fingerprint, replays
FROM dead_letter
WHERE ($1::uuid[] IS NULL OR id = ANY ($1))
  AND ($2::text IS NULL OR fingerprint = $2)
  AND ($3::text IS NULL OR consumer = $3)
  AND ($4::text IS NULL OR subject = $4)
  AND ($5::text IS NULL OR error_class = $5)
  AND ($6::timestamptz IS NULL OR last_failed_at >= $6)
  AND state = 'waiting' AND is_whole AND number <= $7
ORDER BY stream, stream_sequence, consumer
LIMIT $8
FOR UPDATE
