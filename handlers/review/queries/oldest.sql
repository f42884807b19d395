-- Reviews that meet the condition $1 to $7, oldest first; after the review $8, at most $9.
-- include listed
  AND ($8::uuid IS NULL OR (r.created_at, r.id) > (SELECT created_at, id FROM review WHERE id = $8))
ORDER BY r.created_at ASC, r.id ASC
LIMIT $9
