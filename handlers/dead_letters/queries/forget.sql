-- Forget at most $2 letters that came before $1; gives the state of each.
DELETE FROM dead_letter WHERE id IN (
    SELECT id FROM dead_letter WHERE received_at < $1 ORDER BY received_at LIMIT $2
) RETURNING state
