-- Note what a pass came to.
UPDATE reconcile_run SET finished_at = now(), report = $2::jsonb WHERE id = $1
