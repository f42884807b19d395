-- The condition on a review: state $1, source $2 (one of several), rule $3, field $4, entity $5, part of a title $6 in
-- small letters, made before $7; null is no condition.
($1::text IS NULL OR r.state = $1)
  AND ($2::text IS NULL OR $2 = ANY (string_to_array(r.source, '+')))
  AND ($3::text IS NULL OR r.reasons @> jsonb_build_array(jsonb_build_object('rule', $3)))
  AND ($4::text IS NULL OR r.field = $4)
  AND ($5::uuid IS NULL OR r.entity_id = $5)
  AND ($6::text IS NULL OR strpos(lower(coalesce(a.title, c.name)), $6) > 0)
  AND ($7::timestamptz IS NULL OR r.created_at < $7)
