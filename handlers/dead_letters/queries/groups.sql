-- Failures of one kind, those with the most letters that wait first; with the words of the last one. At most $8.
WITH grouped AS (
    SELECT fingerprint, min(consumer) AS consumer, min(error_class) AS error_class,
           count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'replayed') AS replayed,
           count(*) FILTER (WHERE state = 'dropped') AS dropped,
           min(coalesce(first_failed_at, last_failed_at)) AS first_failed_at, max(last_failed_at) AS last_failed_at,
           max(replays) AS replays_max, max(number) AS last_number
    FROM dead_letter
    WHERE
      -- include meant
      AND state = ANY ($7::text[])
    GROUP BY fingerprint
)
SELECT grouped.fingerprint, grouped.consumer, grouped.error_class, waiting, replayed, dropped,
       grouped.first_failed_at, grouped.last_failed_at, replays_max,
       last.id AS sample_id, last.subject AS sample_subject, left(last.error, 500) AS sample_error
FROM grouped JOIN dead_letter AS last ON last.number = grouped.last_number
ORDER BY waiting DESC, grouped.last_failed_at DESC
LIMIT $8
