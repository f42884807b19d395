-- The rows of the entities $2 of the workflows $1.
SELECT s.*
FROM schedule AS s
JOIN unnest($1::text[], $2::text[]) AS wanted(workflow, entity_id)
  ON s.workflow = wanted.workflow AND s.entity_id = wanted.entity_id
