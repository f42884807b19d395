-- Give a choice of letters up for good; gives the group of each.
UPDATE dead_letter SET state = 'dropped', drop_reason = $8, decided_by = $9, decided_at = $10
WHERE ($1::uuid[] IS NULL OR id = ANY ($1))
  AND ($2::text IS NULL OR fingerprint = $2)
  AND ($3::text IS NULL OR consumer = $3)
  AND ($4::text IS NULL OR subject = $4)
  AND ($5::text IS NULL OR error_class = $5)
  AND ($6::timestamptz IS NULL OR last_failed_at >= $6)
  AND state = 'waiting' AND number <= $7
RETURNING fingerprint
