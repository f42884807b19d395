-- The review $1, with the value of its field now, who said that, and whether its entity is still there.
SELECT r.id, r.state, r.entity_type, r.entity_id, coalesce(a.title, c.name) AS title, r.field, r.old::text AS old,
       r.new::text AS new, r.edited::text AS edited, r.source, r.observed_at, r.event_id, r.reasons::text AS reasons,
       r.belief::text AS belief,
       r.base_version, r.created_at, r.decided_at, r.decided_by, r.decision_reason,
       r.story::text AS story, r.decision_event, e.version, e.deleted_at,
       coalesce(nullif(e.columns -> r.field, 'null'), e.meta -> r.field)::text AS current,
       coalesce(e.provenance -> r.field, e.provenance -> '*')::text AS entry
FROM review AS r
LEFT JOIN anime AS a ON r.entity_type = 'anime' AND a.id = r.entity_id
LEFT JOIN character AS c ON r.entity_type = 'character' AND c.id = r.entity_id
LEFT JOIN LATERAL (
    SELECT to_jsonb(a) AS columns, a.meta, a.provenance, a.version, a.deleted_at WHERE a.id IS NOT NULL
    UNION ALL
    SELECT to_jsonb(c), c.meta, c.provenance, c.version, c.deleted_at WHERE c.id IS NOT NULL
) AS e ON true
WHERE r.id = $1
