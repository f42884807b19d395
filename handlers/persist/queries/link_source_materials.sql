-- The edges ($1 anime, $2 relation, $3 source, $4 external id) to materials that are there now.
INSERT INTO anime_source_material_relation (anime_id, relation, source_material_id)
SELECT DISTINCT row.anime_id, row.relation, material.id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS row(anime_id, relation, source, external_id)
JOIN source_material AS material ON material.external_source = row.source AND material.external_id = row.external_id
ON CONFLICT DO NOTHING
