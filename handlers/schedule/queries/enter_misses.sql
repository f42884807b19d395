-- Slots that passed without a look; a slot is missed once, for the first reason.
INSERT INTO schedule_miss (workflow, entity_id, due_at, reason, at)
SELECT workflow, entity_id, due_at, reason, at
FROM jsonb_populate_recordset(NULL::schedule_miss, $1::jsonb)
ORDER BY workflow, entity_id, due_at
ON CONFLICT (workflow, entity_id, due_at) DO NOTHING
