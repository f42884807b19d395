-- Enter the external ids ($2, $3) of the characters $1.
INSERT INTO character_reference (character_id, source, external_id)
SELECT character_id, source, external_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(character_id, source, external_id)
ORDER BY source, external_id
ON CONFLICT DO NOTHING
