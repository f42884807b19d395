-- Of the letters up to the number $2 none of these groups has one that waits any more: what comes, or came meanwhile, is
-- news again.
UPDATE dead_letter_group g SET alerted_at = NULL
WHERE g.fingerprint = ANY ($1::text[])
  AND NOT EXISTS (
      SELECT FROM dead_letter l WHERE l.fingerprint = g.fingerprint AND l.state = 'waiting' AND l.number <= $2
  )
