-- Hold changes of entities of kind $1 for a person: $2 ids, $3 entities, $4 fields, $5 from, $6 to, $7 sources, $8
-- observed, $9 events, $10 correlation, $11 reasons, $12 versions, $13 made, $14 why believed. One that was superseded
-- may wait again.
INSERT INTO review (entity_type, id, entity_id, field, old, new, source, observed_at, event_id, correlation_id, reasons,
                    base_version, created_at, belief)
SELECT $1, row.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[],
                             $8::timestamptz[], $9::uuid[], $10::uuid[], $11::jsonb[], $12::bigint[],
                             $13::timestamptz[], $14::jsonb[]) AS row
ON CONFLICT (id) DO UPDATE SET state = 'pending', decided_at = NULL, base_version = excluded.base_version
  WHERE review.state = 'superseded'
