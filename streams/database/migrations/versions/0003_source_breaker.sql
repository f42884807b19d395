-- One breaker per source: what its looks found within the window, counted in stretches of time, and since when its risky
-- changes are not taken.

CREATE TABLE source_breaker (
    source            text PRIMARY KEY,
    buckets           jsonb NOT NULL DEFAULT '[]',
    opened_at         timestamptz
);
