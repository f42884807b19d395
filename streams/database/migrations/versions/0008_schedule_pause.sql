-- Workflows that are paused as a whole, so that what is new in them is paused too.

CREATE TABLE schedule_pause (
    workflow          text PRIMARY KEY CHECK (workflow ~ '^[a-z0-9_]{1,100}$'),
    paused_at         timestamptz NOT NULL,
    reason            text NOT NULL
);
