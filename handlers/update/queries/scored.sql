-- The next $4 living anime after $2 up to $3 (null for no bound) that air, or ended since $1, in the order of their ids.
-- What was shown on one day, as a film, has no last day at some sources: it ended when it began.
SELECT id FROM anime
WHERE deleted_at IS NULL
  AND (status = 'ONGOING' OR (status = 'FINISHED' AND coalesce(aired_to, aired_from) >= $1))
  AND ($2::uuid IS NULL OR id > $2) AND ($3::uuid IS NULL OR id <= $3)
ORDER BY id
LIMIT $4
