-- Which character owns each of the external ids ($1 sources, $2 ids).
SELECT r.source, r.external_id, r.character_id AS owner
FROM character_reference AS r
JOIN unnest($1::text[], $2::text[]) AS wanted(source, external_id)
  ON r.source = wanted.source AND r.external_id = wanted.external_id
