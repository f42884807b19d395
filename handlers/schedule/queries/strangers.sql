-- Those of the ids $2 that workflow $1 has no row for, and that are no living entity of kind $4 (null asks for rows alone). $3 are the
-- ids that are UUIDs, null in the place of the others.
SELECT wanted.id
FROM unnest($2::text[], $3::uuid[]) WITH ORDINALITY AS wanted(id, uuid, place)
WHERE NOT EXISTS (SELECT FROM schedule AS s WHERE s.workflow = $1 AND s.entity_id = wanted.id)
  AND NOT ($4::text IS NOT DISTINCT FROM 'anime'
           AND EXISTS (SELECT FROM anime AS a WHERE a.id = wanted.uuid AND a.deleted_at IS NULL))
  AND NOT ($4::text IS NOT DISTINCT FROM 'character'
           AND EXISTS (SELECT FROM character AS c WHERE c.id = wanted.uuid AND c.deleted_at IS NULL))
ORDER BY wanted.place
