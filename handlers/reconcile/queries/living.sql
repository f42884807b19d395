-- How many points the index has to hold.
SELECT (SELECT count(*) FROM anime WHERE deleted_at IS NULL) + (SELECT count(*) FROM character WHERE deleted_at IS NULL)
