-- Whether the effect of an event was committed by a consumer.
SELECT EXISTS (SELECT FROM inbox WHERE consumer = $1 AND event_id = $2)
