-- Empty rows for those of the entities $2 of the workflows $1 that have none, in one order for everybody.
INSERT INTO schedule (workflow, entity_id)
SELECT DISTINCT workflow, entity_id FROM unnest($1::text[], $2::text[]) AS wanted(workflow, entity_id)
ORDER BY workflow, entity_id
ON CONFLICT (workflow, entity_id) DO NOTHING
