-- Remember words ($1 entities, $2 fields, $3 events, $4 sources, $5 observed, $6 values, $7 made, $8 correlation, $9
-- judged, $10 told, $11 won, $12 why believed), or that one which is remembered has won or not.
INSERT INTO guarded_word (entity_id, field, event_id, source, observed_at, value, said_at, correlation_id, is_judged,
                          is_told, has_won, belief)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::jsonb[], $7::timestamptz[],
                     $8::uuid[], $9::boolean[], $10::boolean[], $11::boolean[], $12::jsonb[])
ON CONFLICT (entity_id, field, event_id) DO UPDATE SET has_won = excluded.has_won
