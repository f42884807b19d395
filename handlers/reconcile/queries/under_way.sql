-- Which of the entities $1 are in outbox rows that wait, or were sent after $2; an episode is on its anime's way.
SELECT DISTINCT coalesce(parent_id, entity_id) AS id
FROM outbox
WHERE op IS NOT NULL AND (processed_at IS NULL OR processed_at > $2)
  AND coalesce(parent_id, entity_id) = ANY ($1::uuid[])
