-- At $1, end the waiting of at most $4 reviews that wait since before $2, for the reason $3. One that a person brought
-- back waits since then.
UPDATE review SET state = 'expired', decided_at = $1, decision_reason = $3
WHERE id IN (
    SELECT id FROM review
    WHERE state = 'pending' AND created_at < $2
      AND coalesce((story -> -1 ->> 'at')::timestamptz, created_at) < $2
    ORDER BY created_at, id LIMIT $4
    FOR UPDATE SKIP LOCKED)
