-- Which model the index is of, once a reindex has chosen one; a name and a folder as EMBEDDING_MODEL and
-- EMBEDDING_MODEL_PATH have them.
CREATE TABLE index_model (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    model             text NOT NULL,
    folder            text,
    wanted            text,
    wanted_folder     text,
    is_tidy           boolean NOT NULL DEFAULT true,
    asked_at          timestamptz NOT NULL DEFAULT now(),
    switched_at       timestamptz
);
