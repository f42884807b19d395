-- What was last seen of the stream $1.
SELECT made_at, last_sequence FROM stream_seen WHERE stream = $1
