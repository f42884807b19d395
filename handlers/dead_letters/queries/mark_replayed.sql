-- These were queued to be sent again.
UPDATE dead_letter SET state = 'replayed', replays = replays + 1, decided_at = $2, decided_by = $3
WHERE id = ANY ($1::uuid[])
