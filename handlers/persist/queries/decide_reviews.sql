-- The reviews $1 turn into states $2 with reasons $3, edited values $4, who said the value before $5, events $6 and acts
-- $7, by $8 at $9. One that waits again is undecided, but its story tells.
UPDATE review SET
    state = row.state,
    decided_at = CASE WHEN row.state = 'pending' THEN NULL ELSE $9::timestamptz END,
    decided_by = CASE WHEN row.state = 'pending' THEN NULL ELSE $8::text END,
    decision_reason = CASE WHEN row.state = 'pending' THEN NULL ELSE row.reason END,
    edited = coalesce(row.edited, review.edited),
    before = coalesce(row.before, review.before),
    decision_event = coalesce(row.event_id, review.decision_event),
    story = review.story || row.acts
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::uuid[], $7::jsonb[])
  AS row(id, state, reason, edited, before, event_id, acts)
WHERE review.id = row.id
