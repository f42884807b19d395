-- The titles and names of the anime and characters $1.
SELECT id::text AS id, title FROM anime WHERE id = ANY ($1::uuid[])
UNION ALL
SELECT id::text, name FROM character WHERE id = ANY ($1::uuid[])
