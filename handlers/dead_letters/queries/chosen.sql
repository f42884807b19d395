-- What a choice of letters comes to, per consumer and subject; $7 is the last number that belongs to it.
SELECT consumer, subject, count(*) AS letters, count(*) FILTER (WHERE NOT is_whole) AS not_whole,
       min(last_failed_at) AS first_failed_at, max(last_failed_at) AS last_failed_at
FROM dead_letter
WHERE
  -- include meant
  AND state = 'waiting' AND number <= $7
GROUP BY consumer, subject
ORDER BY consumer, subject
