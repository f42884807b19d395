-- The next $8 letters of a choice up to the number $7, in the order of their stream.
SELECT id, subject, payload, headers, fingerprint, replays
FROM dead_letter
WHERE
  -- include meant
  AND state = 'waiting' AND is_whole AND number <= $7
ORDER BY stream, stream_sequence, consumer
LIMIT $8
FOR UPDATE
