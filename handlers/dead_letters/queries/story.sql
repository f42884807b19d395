-- What our own count knows of a message.
SELECT failures, error, first_failed_at FROM delivery_failure
WHERE stream = $1 AND consumer = $2 AND stream_sequence = $3
