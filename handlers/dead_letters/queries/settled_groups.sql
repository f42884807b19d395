-- None of these groups has a letter that waits any more: the next one is news again.
UPDATE dead_letter_group g SET alerted_at = NULL
WHERE g.fingerprint = ANY ($1::text[])
  AND NOT EXISTS (SELECT FROM dead_letter l WHERE l.fingerprint = g.fingerprint AND l.state = 'waiting')
