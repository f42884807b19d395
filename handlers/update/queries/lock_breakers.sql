-- The breakers of the sources $1, made where there are none, locked in one order for everybody.
WITH made AS (
    INSERT INTO source_breaker (source) SELECT source FROM unnest($1::text[]) AS source ORDER BY source
    ON CONFLICT (source) DO UPDATE SET source = excluded.source
    RETURNING source, buckets::text AS buckets, opened_at
)
SELECT * FROM made ORDER BY source
