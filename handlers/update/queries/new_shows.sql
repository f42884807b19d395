-- At most $1 living anime that no schedule knows yet.
SELECT a.id, a.status, a.aired_from, (a.meta -> 'broadcast')::text AS broadcast, (a.meta -> 'hiatus')::text AS hiatus,
    false AS was_skipped, true AS is_untracked, NULL::timestamptz AS last_aired_at
FROM anime AS a
WHERE a.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM schedule AS s WHERE s.workflow = 'metadata_refresh' AND s.entity_id = a.id::text
)
ORDER BY a.id
LIMIT $1
