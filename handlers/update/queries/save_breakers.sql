-- The breakers of the sources $1: what was counted ($2, JSON) and since when each is open ($3).
UPDATE source_breaker AS b SET buckets = state.buckets, opened_at = state.opened_at
FROM unnest($1::text[], $2::jsonb[], $3::timestamptz[]) AS state(source, buckets, opened_at)
WHERE b.source = state.source
