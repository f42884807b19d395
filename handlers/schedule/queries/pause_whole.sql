-- Workflow $1 is paused as a whole since $2 for the reason $3; an earlier pause stays.
INSERT INTO schedule_pause (workflow, paused_at, reason) VALUES ($1, $2, $3) ON CONFLICT (workflow) DO NOTHING
