-- When the last pass that repaired was begun and came to its end.
SELECT max(started_at) FROM reconcile_run WHERE finished_at IS NOT NULL AND NOT is_dry
