-- The schedule of record. NATS is its clock and holds only what is due soon; everything there can be set again from here.

CREATE TABLE schedule (
    workflow          text NOT NULL CHECK (workflow ~ '^[a-z0-9_]{1,100}$'),
    -- A token of a subject. Mostly the id of an anime or a character; a workflow may name parts of its own.
    entity_id         text NOT NULL CHECK (entity_id ~ '^[A-Za-z0-9_-]{1,100}$'),
    entity_uuid       uuid GENERATED ALWAYS AS (
        CASE WHEN entity_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN entity_id::uuid END
    ) STORED,
    -- The look to come, or the one that runs. A retry is due later than the slot that it stands for.
    due_at            timestamptz,
    slot_at           timestamptz,
    attempt           integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    reason            text NOT NULL DEFAULT '',
    confidence        text NOT NULL DEFAULT 'high' CHECK (confidence IN ('high', 'medium', 'low')),
    -- Where this row's policy differs from its workflow's.
    policy            jsonb,
    plan_version      bigint NOT NULL DEFAULT 0,
    paused_at         timestamptz,
    paused_reason     text,
    running_tick      uuid,
    running_sequence  bigint,
    running_slot_at   timestamptz,
    running_since     timestamptz,
    buffered          boolean NOT NULL DEFAULT false,
    backfill          timestamptz[] NOT NULL DEFAULT '{}',
    last_tick         uuid,
    last_slot_at      timestamptz,
    last_run_at       timestamptz,
    last_outcome      text,
    -- Set while a timer for due_at is out. The number makes each setting a message of its own. By the machine's clock,
    -- because it is compared with the age of the stream.
    timer_due_at      timestamptz,
    timer_number      bigint NOT NULL DEFAULT 0,
    timer_queued_at   timestamptz,
    state             text GENERATED ALWAYS AS (
        CASE WHEN running_tick IS NOT NULL THEN 'running'
             WHEN paused_at IS NOT NULL THEN 'paused'
             WHEN due_at IS NULL THEN 'idle'
             ELSE 'waiting' END
    ) STORED,
    updated_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow, entity_id),
    CHECK ((due_at IS NULL) = (slot_at IS NULL)),
    CHECK ((paused_at IS NULL) = (paused_reason IS NULL)),
    CHECK (timer_due_at IS NULL OR timer_due_at = due_at)
) WITH (fillfactor = 80);
-- What has to become a timer once it is within the horizon.
CREATE INDEX schedule_untimed ON schedule (due_at) WHERE timer_due_at IS NULL AND paused_at IS NULL;
CREATE INDEX schedule_next ON schedule (due_at, workflow, entity_id) WHERE due_at IS NOT NULL;
-- What the reconciler compares with the timers that NATS holds.
CREATE INDEX schedule_timed ON schedule (workflow, entity_id) WHERE timer_due_at IS NOT NULL;
CREATE INDEX schedule_by_entity ON schedule (entity_uuid) WHERE entity_uuid IS NOT NULL;

CREATE TABLE schedule_miss (
    workflow          text NOT NULL,
    entity_id         text NOT NULL,
    due_at            timestamptz NOT NULL,
    reason            text NOT NULL CHECK (reason IN ('down', 'overlap', 'budget', 'paused', 'skipped')),
    at                timestamptz NOT NULL,
    PRIMARY KEY (workflow, entity_id, due_at)
);
CREATE INDEX schedule_miss_by_age ON schedule_miss (at);
CREATE INDEX schedule_miss_by_entity ON schedule_miss (entity_id, due_at);
