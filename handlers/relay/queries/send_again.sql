-- Have at most $4 of these messages sent again, the earliest first, as messages of their own: the server would drop what
-- bears an id that it knows. What became a letter ($5: leave those out) waits for a person.
WITH again AS (
    UPDATE outbox SET processed_at = NULL, sendings = sendings + 1
    WHERE id IN (
        SELECT id FROM outbox
        WHERE processed_at >= $1 AND processed_at < $3
          AND CASE WHEN $2::text[] IS NULL THEN entity_type <> 'schedule' ELSE subject = ANY ($2) END
          AND NOT ($5 AND event_id::text IN (SELECT headers ->> 'Nats-Msg-Id' FROM dead_letter))
        ORDER BY id
        LIMIT $4
    )
    RETURNING subject
)
SELECT subject, count(*) AS messages FROM again GROUP BY subject
