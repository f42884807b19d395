-- Timers that were set, by workflow, and how many of them were for another attempt.
SELECT split_part(subject, '.', 4) AS workflow, count(*) AS timers,
       count(*) FILTER (WHERE headers ->> 'Echora-Attempt' <> '1') AS repeated
FROM outbox
WHERE entity_type = 'schedule'
GROUP BY 1
ORDER BY 1
