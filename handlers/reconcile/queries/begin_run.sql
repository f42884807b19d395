-- Note that a pass begins, and forget those that are older than a quarter of a year.
WITH forgotten AS (DELETE FROM reconcile_run WHERE started_at < now() - interval '90 days')
INSERT INTO reconcile_run (id, cause, is_dry) VALUES ($1, $2, $3)
