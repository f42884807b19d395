-- Groups that nobody was alerted of though a letter of theirs waits, with their first letter; at most $1, marked as alerted.
WITH fresh AS (
    SELECT fingerprint FROM dead_letter_group
    WHERE alerted_at IS NULL
      AND EXISTS (SELECT FROM dead_letter l WHERE l.fingerprint = dead_letter_group.fingerprint AND l.state = 'waiting')
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE dead_letter_group g SET alerted_at = now() FROM fresh WHERE g.fingerprint = fresh.fingerprint
    RETURNING g.fingerprint
)
SELECT DISTINCT ON (l.fingerprint)
       l.fingerprint, l.id, l.consumer, l.subject, l.error_class, l.error, l.attempts, l.replays, l.last_failed_at
FROM marked JOIN dead_letter l ON l.fingerprint = marked.fingerprint AND l.state = 'waiting'
ORDER BY l.fingerprint, l.number
