-- The next $2 living characters after $1 (null for the first).
SELECT id FROM character WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2
