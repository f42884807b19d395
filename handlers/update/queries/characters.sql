-- The living characters $1 as JSON of their columns, with provenance.
SELECT c.id, c.version, c.provenance::text AS provenance, (to_jsonb(c) - 'raw_by_source' - 'provenance')::text AS row
FROM character AS c
WHERE c.id = ANY ($1::uuid[]) AND c.deleted_at IS NULL
