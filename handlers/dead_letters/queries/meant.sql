-- The condition on a letter: ids $1, group $2, consumer $3, subject $4, class of the error $5, failed since $6; null is
-- no condition.
($1::uuid[] IS NULL OR id = ANY ($1))
  AND ($2::text IS NULL OR fingerprint = $2)
  AND ($3::text IS NULL OR consumer = $3)
  AND ($4::text IS NULL OR subject = $4)
  AND ($5::text IS NULL OR error_class = $5)
  AND ($6::timestamptz IS NULL OR last_failed_at >= $6)
