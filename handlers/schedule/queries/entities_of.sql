-- The next $3 entities of workflow $1 after $2.
SELECT entity_id FROM schedule WHERE workflow = $1 AND entity_id > $2 ORDER BY entity_id LIMIT $3
