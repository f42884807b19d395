-- How many of the entities $2 of workflow $1 are paused, or will be as soon as they have a row.
SELECT count(*)
FROM unnest($2::text[]) AS wanted(entity_id)
LEFT JOIN schedule AS s ON s.workflow = $1 AND s.entity_id = wanted.entity_id
WHERE s.paused_at IS NOT NULL
   OR (s.entity_id IS NULL AND EXISTS (SELECT FROM schedule_pause AS whole WHERE whole.workflow = $1))
