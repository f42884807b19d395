-- Whether a message of this place has a letter, whenever it was stored.
SELECT EXISTS (SELECT FROM dead_letter WHERE stream = $1 AND stream_sequence = $2 AND consumer = $3)
