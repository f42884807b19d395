-- Enter the external ids ($2, $3) of the characters $1 that nobody owns. One that another transaction enters meanwhile
-- raises, so that the batch is read again and finds its owner.
INSERT INTO character_reference (character_id, source, external_id)
SELECT DISTINCT ON (source, external_id) character_id, source, external_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(character_id, source, external_id)
WHERE NOT EXISTS (
    SELECT FROM character_reference AS held WHERE held.source = row.source AND held.external_id = row.external_id)
ORDER BY source, external_id
