-- Make the rows ($1 anime, $2 relation, $3 source, $4 id, $5 title) the whole set of edges of the anime $6.
WITH gone AS (
    DELETE FROM anime_relation AS edge WHERE edge.anime_id = ANY ($6::uuid[]) AND NOT EXISTS (
        SELECT FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS row(anime_id, relation, source, id)
        WHERE row.anime_id = edge.anime_id AND row.relation = edge.relation
          AND row.source = edge.target_source AND row.id = edge.target_id)
)
INSERT INTO anime_relation (anime_id, relation, target_source, target_id, target_title, target_anime_id)
SELECT row.anime_id, row.relation, row.source, row.id, row.title, known.anime_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS row(anime_id, relation, source, id, title)
LEFT JOIN anime_reference AS known ON known.source = row.source AND known.external_id = row.id
ON CONFLICT (anime_id, relation, target_source, target_id) DO UPDATE
SET target_title = excluded.target_title, target_anime_id = coalesce(anime_relation.target_anime_id, excluded.target_anime_id)
