-- The row behind which the newest $2 events of the subjects $1 stand.
SELECT coalesce(min(id) - 1, 0) FROM (
    SELECT id FROM outbox WHERE subject = ANY ($1::text[]) AND payload IS NOT NULL ORDER BY id DESC LIMIT $2
) AS newest
