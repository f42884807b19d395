-- Which snapshots came into this database, known by the checksum of their header, which bears the instant of the
-- snapshot: who asks for the same one again is told so.
CREATE TABLE catalogue_restore (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    header_sha256     text NOT NULL CHECK (length(header_sha256) = 64),
    taken_at          timestamptz NOT NULL,
    restored_at       timestamptz NOT NULL DEFAULT now()
);
