-- Until the transaction ends nobody pauses the workflows $1 as a whole: a row is either seen by the pause, or sees it.
SELECT pg_advisory_xact_lock_shared(hashtextextended('schedule pause ' || workflow, 0))
FROM (SELECT DISTINCT workflow FROM unnest($1::text[]) AS wanted(workflow) ORDER BY workflow) AS wanted
