-- Enter the companies ($1 ids, $2 names) that are not there yet.
INSERT INTO company (id, name)
SELECT DISTINCT ON (name) id, name FROM unnest($1::uuid[], $2::text[]) AS row(id, name) ORDER BY name
ON CONFLICT DO NOTHING
