-- Wait for the transactions that make rows of workflow $1.
SELECT pg_advisory_xact_lock(hashtextextended('schedule pause ' || $1::text, 0))
