-- The next $3 rows after ($1, $2) that say a timer of theirs is out.
SELECT *
FROM schedule
WHERE timer_due_at IS NOT NULL AND (workflow, entity_id) > ($1, $2)
ORDER BY workflow, entity_id
LIMIT $3
