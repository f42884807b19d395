-- Changes that wait for a person, and what has to be remembered to judge a change at its place in time.

CREATE TABLE review (
    id                uuid PRIMARY KEY,
    entity_type       text NOT NULL CHECK (entity_type IN ('anime', 'character')),
    entity_id         uuid NOT NULL,
    field             text NOT NULL,
    -- From which value to which, as JSON; the JSON null stands for none. `edited` is what a person made of it, if they
    -- did.
    old               jsonb NOT NULL,
    new               jsonb NOT NULL,
    edited            jsonb,
    source            text NOT NULL,
    observed_at       timestamptz NOT NULL,
    event_id          uuid NOT NULL,
    correlation_id    uuid,
    -- [{"field", "rule", "reason"}]
    reasons           jsonb NOT NULL,
    -- Version of the row that the change was judged on. Approval looks at the field's value, not at this.
    base_version      bigint NOT NULL,
    state             text NOT NULL DEFAULT 'pending' CHECK (state IN (
        'pending', 'approved', 'rejected', 'superseded', 'expired', 'failed', 'undone')),
    created_at        timestamptz NOT NULL,
    decided_at        timestamptz,
    decided_by        text,
    decision_reason   text,
    -- What undoing an approval needs: the event that applied it, and who had said the value before (null: nobody).
    decision_event    uuid,
    before            jsonb,
    -- Every act of a person on it, oldest first: [{"act", "by", "at", "reason"}]
    story             jsonb NOT NULL DEFAULT '[]',
    CHECK ((state = 'pending') = (decided_at IS NULL))
) WITH (fillfactor = 80);
-- What waits: one proposal per field, a newer one takes its place.
CREATE UNIQUE INDEX review_once_pending ON review (entity_id, field) WHERE state = 'pending';
CREATE INDEX review_by_field ON review (entity_id, field);
CREATE INDEX review_by_age ON review (created_at, id);
CREATE INDEX review_pending_by_age ON review (created_at, id) WHERE state = 'pending';

-- The last words of each field that the risk policy looks at, so that a late one is judged where it belongs.
CREATE TABLE guarded_word (
    entity_id         uuid NOT NULL,
    field             text NOT NULL,
    event_id          uuid NOT NULL,
    source            text NOT NULL,
    observed_at       timestamptz NOT NULL,
    value             jsonb NOT NULL,
    said_at           timestamptz NOT NULL,
    correlation_id    uuid,
    is_judged         boolean NOT NULL,
    is_told           boolean NOT NULL,
    has_won           boolean NOT NULL,
    PRIMARY KEY (entity_id, field, event_id)
) WITH (fillfactor = 80);
