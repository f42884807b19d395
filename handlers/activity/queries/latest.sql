-- The next $3 events behind row $1 of the subjects $2, with the title or name of their entity.
SELECT o.id, o.subject, o.entity_id, o.payload, coalesce(a.title, c.name) AS title
FROM outbox AS o
LEFT JOIN anime AS a ON a.id = o.entity_id
LEFT JOIN character AS c ON c.id = o.entity_id
WHERE o.id > $1 AND o.subject = ANY ($2::text[]) AND o.payload IS NOT NULL
ORDER BY o.id
LIMIT $3
