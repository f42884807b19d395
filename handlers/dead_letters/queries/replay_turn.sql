-- Two replays at once would mix the orders of their entities.
SELECT pg_advisory_xact_lock($1)
