-- Make the rows ($1 anime, $2 role, $3 name) the whole set of companies in role $5 of the anime $4.
WITH gone AS (
    DELETE FROM anime_company AS link
    WHERE link.anime_id = ANY ($4::uuid[]) AND link.role = $5 AND NOT EXISTS (
        SELECT FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(anime_id, role, name)
        JOIN company ON company.name = row.name
        WHERE row.anime_id = link.anime_id AND company.id = link.company_id)
)
INSERT INTO anime_company (anime_id, company_id, role)
SELECT DISTINCT row.anime_id, company.id, row.role
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(anime_id, role, name)
JOIN company ON company.name = row.name
ON CONFLICT DO NOTHING
