-- The columns of those of the tables $1 that there are, by table, in their order and without generated ones, and which
-- of them hold JSON.
SELECT wanted.name AS table_name, array_agg(c.attname::text ORDER BY c.attnum) AS columns,
       coalesce(array_agg(c.attname::text) FILTER (WHERE c.atttypid = 'jsonb'::regtype), '{}') AS json_columns
FROM unnest($1::text[]) AS wanted(name)
JOIN pg_attribute AS c ON c.attrelid = to_regclass(quote_ident(wanted.name))
WHERE c.attnum > 0 AND NOT c.attisdropped AND c.attgenerated = ''
GROUP BY wanted.name
