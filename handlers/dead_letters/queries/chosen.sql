-- What a choice of letters comes to, per consumer and subject; $7 is the last number that belongs to it.
SELECT consumer, subject, count(*) AS letters, count(*) FILTER (WHERE NOT is_whole) AS not_whole,
       min(last_failed_at) AS first_failed_at, max(last_failed_at) AS last_failed_at
FROM dead_letter
WHERE ($1::uuid[] IS NULL OR id = ANY ($1))
  AND ($2::text IS NULL OR fingerprint = $2)
  AND ($3::text IS NULL OR consumer = $3)
  AND ($4::text IS NULL OR subject = $4)
  AND ($5::text IS NULL OR error_class = $5)
  AND ($6::timestamptz IS NULL OR last_failed_at >= $6)
  AND state = 'waiting' AND number <= $7
GROUP BY consumer, subject
ORDER BY consumer, subject
