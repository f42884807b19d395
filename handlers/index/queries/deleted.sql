-- Which of the anime $1 are deleted by now.
SELECT id FROM anime WHERE id = ANY ($1::uuid[]) AND deleted_at IS NOT NULL
