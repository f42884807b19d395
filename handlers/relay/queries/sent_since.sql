-- How many messages of each of the subjects $2 (null for all but timers) were sent from $1 on and before $3.
SELECT subject, count(*) AS messages
FROM outbox
WHERE processed_at >= $1 AND processed_at < $3
  AND CASE WHEN $2::text[] IS NULL THEN entity_type <> 'schedule' ELSE subject = ANY ($2) END
GROUP BY subject
ORDER BY subject
