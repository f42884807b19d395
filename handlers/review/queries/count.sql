-- How many reviews meet the condition $1 to $7.
SELECT count(*)
FROM review AS r
LEFT JOIN anime AS a ON r.entity_type = 'anime' AND a.id = r.entity_id
LEFT JOIN character AS c ON r.entity_type = 'character' AND c.id = r.entity_id
WHERE
  -- include meant
