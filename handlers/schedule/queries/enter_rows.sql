-- Empty rows for those of the entities $2 of the workflows $1 that have none, in one order for everybody. In a workflow that is paused
-- as a whole they are paused from the first.
INSERT INTO schedule (workflow, entity_id, paused_at, paused_reason)
SELECT DISTINCT wanted.workflow, wanted.entity_id, pause.paused_at, pause.reason
FROM unnest($1::text[], $2::text[]) AS wanted(workflow, entity_id)
LEFT JOIN schedule_pause AS pause ON pause.workflow = wanted.workflow
ORDER BY wanted.workflow, wanted.entity_id
ON CONFLICT (workflow, entity_id) DO NOTHING
