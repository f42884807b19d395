-- Take the events $2 out of the inbox again: they had no effect and come back later.
DELETE FROM inbox WHERE consumer = $1 AND event_id = ANY ($2::uuid[])
