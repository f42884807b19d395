-- Failures of one kind, those with the most letters that wait first; with the words of the last one. At most $8.
WITH grouped AS (
    SELECT fingerprint, min(consumer) AS consumer, min(error_class) AS error_class,
           count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'replayed') AS replayed,
           count(*) FILTER (WHERE state = 'dropped') AS dropped,
           min(coalesce(first_failed_at, last_failed_at)) AS first_failed_at, max(last_failed_at) AS last_failed_at,
           max(replays) AS replays_max, max(number) AS last_number
    FROM dead_letter
    WHERE ($1::uuid[] IS NULL OR id = ANY ($1))
      AND ($2::text IS NULL OR fingerprint = $2)
      AND ($3::text IS NULL OR consumer = $3)
      AND ($4::text IS NULL OR subject = $4)
      AND ($5::text IS NULL OR error_class = $5)
      AND ($6::timestamptz IS NULL OR last_failed_at >= $6)
      AND state = ANY ($7::text[])
    GROUP BY fingerprint
)
SELECT grouped.fingerprint, grouped.consumer, grouped.error_class, waiting, replayed, dropped,
       grouped.first_failed_at, grouped.last_failed_at, replays_max,
       last.id AS sample_id, last.subject AS sample_subject, left(last.error, 500) AS sample_error
FROM grouped JOIN dead_letter AS last ON last.number = grouped.last_number
ORDER BY waiting DESC, grouped.last_failed_at DESC
LIMIT $8
