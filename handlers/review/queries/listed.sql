-- Reviews with the titles or names of their entities, as far as they meet the condition $1 to $7.
SELECT r.id, r.state, r.entity_type, r.entity_id, coalesce(a.title, c.name) AS title, r.field, r.old::text AS old,
       r.new::text AS new, r.edited::text AS edited, r.source, r.observed_at, r.event_id, r.reasons::text AS reasons,
       r.base_version, r.created_at, r.decided_at, r.decided_by, r.decision_reason
FROM review AS r
LEFT JOIN anime AS a ON r.entity_type = 'anime' AND a.id = r.entity_id
LEFT JOIN character AS c ON r.entity_type = 'character' AND c.id = r.entity_id
WHERE
  -- include meant
