-- Enter the events $2 in the inbox of consumer $1; gives back those that were not there. Sorted, so that two
-- replicas with overlapping batches wait for each other instead of deadlocking.
INSERT INTO inbox (consumer, event_id)
SELECT $1, event_id FROM unnest($2::uuid[]) AS event_id ORDER BY event_id
ON CONFLICT DO NOTHING
RETURNING event_id
