-- The relations of the anime $1 to other anime, and which of those are here and alive.
SELECT edge.relation, edge.target_title AS title, edge.target_source AS source, edge.target_id AS external_id,
    target.id AS anime_id
FROM anime_relation AS edge
LEFT JOIN anime AS target ON target.id = edge.target_anime_id AND target.deleted_at IS NULL
WHERE edge.anime_id = $1
ORDER BY edge.relation, edge.target_title, edge.target_source, edge.target_id
