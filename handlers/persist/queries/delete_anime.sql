-- Delete softly: the row stays, its version rises, and whoever listens hears of it.
UPDATE anime SET deleted_at = now(), updated_at = now(), version = version + 1
WHERE id = $1 AND deleted_at IS NULL
RETURNING version
