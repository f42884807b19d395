-- How often a row was given to the relay. From the second time on its message has an id of its own.
ALTER TABLE outbox ADD COLUMN sendings smallint NOT NULL DEFAULT 1 CHECK (sendings > 0);

-- What was last seen of each stream: a new birth, or a lower sequence, says that messages were lost.
CREATE TABLE stream_seen (
    stream            text PRIMARY KEY,
    made_at           timestamptz NOT NULL,
    last_sequence     bigint NOT NULL,
    seen_at           timestamptz NOT NULL DEFAULT now()
);
