-- What the reconciler compared, found and repaired, pass by pass.
CREATE TABLE reconcile_run (
    id                uuid PRIMARY KEY,
    cause             text NOT NULL CHECK (cause IN ('night', 'asked', 'start', 'index lost')),
    is_dry            boolean NOT NULL,
    started_at        timestamptz NOT NULL DEFAULT now(),
    finished_at       timestamptz,
    report            jsonb
);
CREATE INDEX reconcile_run_by_time ON reconcile_run (started_at);
