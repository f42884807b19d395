-- What could not be handled. The stream of dead letters is the wire; here people ask, send again and drop.

CREATE TABLE dead_letter (
    -- Derived from stream, consumer, sequence and when the message was stored: one letter per message and consumer,
    -- whichever way it came, and another one when the stream was made anew and its sequences began again.
    id                uuid PRIMARY KEY,
    number            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    stream            text NOT NULL,
    consumer          text NOT NULL,
    stream_sequence   bigint NOT NULL,
    subject           text NOT NULL,
    payload           bytea NOT NULL,
    headers           jsonb NOT NULL DEFAULT '{}',
    -- False when bytes or headers are missing: such a letter cannot be sent again.
    is_whole          boolean NOT NULL DEFAULT true,
    error_class       text NOT NULL,
    error             text NOT NULL,
    fingerprint       text NOT NULL CHECK (length(fingerprint) <= 100),
    attempts          integer NOT NULL,
    first_failed_at   timestamptz,
    last_failed_at    timestamptz NOT NULL,
    received_at       timestamptz NOT NULL DEFAULT now(),
    -- How often this message was sent again, counted through the letters that came of it.
    replays           integer NOT NULL DEFAULT 0,
    replay_of         uuid,
    state             text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'dropped')),
    decided_at        timestamptz,
    decided_by        text,
    drop_reason       text CHECK (drop_reason <> ''),
    CHECK ((state = 'dropped') = (drop_reason IS NOT NULL))
);
CREATE INDEX dead_letter_waiting ON dead_letter (stream, stream_sequence) WHERE state = 'waiting';
CREATE INDEX dead_letter_by_group ON dead_letter (fingerprint, state);
CREATE INDEX dead_letter_by_time ON dead_letter (last_failed_at);
CREATE INDEX dead_letter_by_age ON dead_letter (received_at);
CREATE INDEX dead_letter_by_sequence ON dead_letter (stream, stream_sequence, consumer);

-- Failures of one kind. Who listens is alerted at the first letter that waits, and again only once none has waited.
CREATE TABLE dead_letter_group (
    fingerprint       text PRIMARY KEY,
    alerted_at        timestamptz
);
