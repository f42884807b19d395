-- How the last look of each row ended, counted; at most $1 kinds. Numbers are left out, so that the kinds are few.
SELECT workflow, outcome, count(*) AS rows
FROM (
    SELECT workflow, regexp_replace(split_part(last_outcome, ' (', 1), '[0-9]+', 'N', 'g') AS outcome
    FROM schedule WHERE last_outcome IS NOT NULL
) AS ended
GROUP BY workflow, outcome
ORDER BY rows DESC, workflow, outcome
LIMIT $1
