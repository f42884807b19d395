-- The reviews $1 wait no longer since $2: something newer was said of their field.
UPDATE review SET state = 'superseded', decided_at = row.decided_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS row(id, decided_at)
WHERE review.id = row.id AND review.state = 'pending'
