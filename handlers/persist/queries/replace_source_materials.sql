-- Drop the source materials of the anime $6, and enter the works ($1 id, $2 source, $3 external id, $4 title, $5 kind).
WITH gone AS (
    DELETE FROM anime_source_material_relation WHERE anime_id = ANY ($6::uuid[])
)
INSERT INTO source_material (id, external_source, external_id, title, kind)
SELECT DISTINCT ON (source, external_id) id, source, external_id, title, kind
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS row(id, source, external_id, title, kind)
ORDER BY source, external_id
ON CONFLICT (external_source, external_id) DO UPDATE
SET title = excluded.title, kind = excluded.kind, version = source_material.version + 1, updated_at = now()
  WHERE (source_material.title, source_material.kind) IS DISTINCT FROM (excluded.title, excluded.kind)
