-- The system of record. Every instant is timestamptz and written in UTC.
-- Values of an enumeration are constrained here too; tests/contracts compares the lists with contracts/model/enums.py.

-- Entities. `version` rises by one under the row's lock at every change. `provenance` holds, per field, who said it:
-- {"*": [source, observed_at, event_id], "status": [...]}; "*" covers every field without an entry of its own.

CREATE TABLE anime (
    id                uuid PRIMARY KEY,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    title             text NOT NULL CHECK (title <> ''),
    title_english     text,
    title_japanese    text,
    type              text CONSTRAINT anime_type CHECK (type IN ('TV', 'MOVIE', 'OVA', 'ONA', 'SPECIAL', 'TV_SPECIAL', 'TV_SHORT', 'MUSIC', 'PV', 'CM', 'UNKNOWN')),
    status            text CONSTRAINT anime_status CHECK (status IN ('FINISHED', 'UPCOMING', 'ONGOING', 'CANCELLED', 'UNKNOWN')),
    season            text CONSTRAINT anime_season CHECK (season IN ('SPRING', 'SUMMER', 'FALL', 'WINTER')),
    year              integer,
    rating            text CONSTRAINT anime_rating CHECK (rating IN ('G', 'PG', 'PG13', 'R', 'RPLUS', 'RX', 'UNKNOWN')),
    nsfw              boolean,
    source_material   text CONSTRAINT anime_source_material CHECK (source_material IN ('ORIGINAL', 'MANGA', 'LIGHT_NOVEL', 'NOVEL', 'VISUAL_NOVEL', 'WEB_MANGA', 'WEB_NOVEL', 'KOMA_4', 'ONE_SHOT', 'DOUJINSHI', 'MANHWA', 'MANHUA', 'GAME', 'CARD_GAME', 'MIXED_MEDIA', 'MUSIC', 'RADIO', 'BOOK', 'PICTURE_BOOK', 'COMIC', 'LIVE_ACTION', 'OTHER', 'UNKNOWN')),
    synopsis          text,
    genres            jsonb,
    tags              jsonb,
    themes            jsonb,
    demographics      jsonb,
    episode_count     integer CHECK (episode_count >= 0),
    duration          integer CHECK (duration >= 0),
    aired_from        timestamptz,
    aired_to          timestamptz,
    score_agm         double precision CHECK (score_agm BETWEEN 0 AND 10),
    score_mean        double precision CHECK (score_mean BETWEEN 0 AND 10),
    score_median      double precision CHECK (score_median BETWEEN 0 AND 10),
    statistics        jsonb,
    meta              jsonb NOT NULL DEFAULT '{}',
    provenance        jsonb NOT NULL DEFAULT '{}',
    raw_by_source     jsonb,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz
) WITH (fillfactor = 85);
CREATE INDEX anime_by_status ON anime (status) WHERE deleted_at IS NULL;

CREATE TABLE character (
    id                uuid PRIMARY KEY,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    name              text NOT NULL CHECK (name <> ''),
    name_native       text,
    description       text,
    traits            jsonb,
    favorites         integer CHECK (favorites >= 0),
    meta              jsonb NOT NULL DEFAULT '{}',
    provenance        jsonb NOT NULL DEFAULT '{}',
    raw_by_source     jsonb,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz
) WITH (fillfactor = 85);

CREATE TABLE episode (
    id                uuid PRIMARY KEY,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    anime_id          uuid NOT NULL REFERENCES anime (id),
    episode_number    integer NOT NULL CHECK (episode_number >= 0),
    season_number     integer,
    title             text,
    synopsis          text,
    aired             timestamptz,
    duration          integer CHECK (duration >= 0),
    filler            boolean,
    recap             boolean,
    score             double precision CHECK (score BETWEEN 0 AND 10),
    meta              jsonb NOT NULL DEFAULT '{}',
    provenance        jsonb NOT NULL DEFAULT '{}',
    raw_by_source     jsonb,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    CONSTRAINT episode_number_once UNIQUE (anime_id, episode_number)
) WITH (fillfactor = 85);

CREATE TABLE source_material (
    id                uuid PRIMARY KEY,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    title             text NOT NULL,
    kind              text,
    external_source   text NOT NULL,
    external_id       text NOT NULL,
    meta              jsonb NOT NULL DEFAULT '{}',
    raw_by_source     jsonb,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    CONSTRAINT source_material_reference UNIQUE (external_source, external_id)
);

CREATE TABLE company (
    id                uuid PRIMARY KEY,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    name              text NOT NULL,
    meta              jsonb NOT NULL DEFAULT '{}',
    raw_by_source     jsonb,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    CONSTRAINT company_name_once UNIQUE (name)
);

-- Cross-references: one external id belongs to one entity of its kind.

CREATE TABLE anime_reference (
    source            text NOT NULL,
    external_id       text NOT NULL,
    anime_id          uuid NOT NULL REFERENCES anime (id),
    CONSTRAINT anime_reference_once PRIMARY KEY (source, external_id)
);
CREATE INDEX anime_reference_by_anime ON anime_reference (anime_id);

CREATE TABLE character_reference (
    source            text NOT NULL,
    external_id       text NOT NULL,
    character_id      uuid NOT NULL REFERENCES character (id),
    CONSTRAINT character_reference_once PRIMARY KEY (source, external_id)
);
CREATE INDEX character_reference_by_character ON character_reference (character_id);

-- When an anime's missing ids were last looked for; each is found once, or looked for again after a month.
CREATE TABLE reference_search (
    anime_id          uuid PRIMARY KEY REFERENCES anime (id),
    searched_at       timestamptz NOT NULL
);

-- Links. An edge to a work that is not there yet points to its external id until that work arrives.

CREATE TABLE anime_character (
    anime_id          uuid NOT NULL REFERENCES anime (id),
    character_id      uuid NOT NULL REFERENCES character (id),
    role              text CONSTRAINT anime_character_role CHECK (role IN ('MAIN', 'SUPPORTING', 'BACKGROUND', 'UNKNOWN')),
    PRIMARY KEY (anime_id, character_id)
);
CREATE INDEX anime_character_by_character ON anime_character (character_id);

CREATE TABLE anime_relation (
    anime_id          uuid NOT NULL REFERENCES anime (id),
    relation          text NOT NULL CONSTRAINT anime_relation_kind CHECK (relation IN ('SEQUEL', 'PREQUEL', 'SIDE_STORY', 'PARENT_STORY', 'FULL_STORY', 'SUMMARY', 'SPIN_OFF', 'ALTERNATIVE_VERSION', 'ALTERNATIVE_SETTING', 'CHARACTER', 'CROSSOVER', 'ADAPTATION', 'OTHER')),
    target_source     text NOT NULL,
    target_id         text NOT NULL,
    target_title      text NOT NULL,
    target_anime_id   uuid REFERENCES anime (id),
    PRIMARY KEY (anime_id, relation, target_source, target_id)
);
CREATE INDEX anime_relation_unresolved ON anime_relation (target_source, target_id) WHERE target_anime_id IS NULL;

CREATE TABLE anime_source_material_relation (
    anime_id           uuid NOT NULL REFERENCES anime (id),
    relation           text NOT NULL CONSTRAINT anime_source_material_relation_kind CHECK (relation IN ('SEQUEL', 'PREQUEL', 'SIDE_STORY', 'PARENT_STORY', 'FULL_STORY', 'SUMMARY', 'SPIN_OFF', 'ALTERNATIVE_VERSION', 'ALTERNATIVE_SETTING', 'CHARACTER', 'CROSSOVER', 'ADAPTATION', 'OTHER')),
    source_material_id uuid NOT NULL REFERENCES source_material (id),
    PRIMARY KEY (anime_id, relation, source_material_id)
);

CREATE TABLE anime_company (
    anime_id          uuid NOT NULL REFERENCES anime (id),
    company_id        uuid NOT NULL REFERENCES company (id),
    role              text NOT NULL CHECK (role IN ('studio', 'producer', 'licensor')),
    PRIMARY KEY (anime_id, company_id, role)
);

CREATE TABLE anime_broadcast (
    anime_id          uuid PRIMARY KEY REFERENCES anime (id),
    day               text,
    time              text,
    timezone          text,
    next_episode_at   timestamptz
);

CREATE TABLE anime_hiatus (
    anime_id          uuid PRIMARY KEY REFERENCES anime (id),
    reason            text,
    hiatus_from       timestamptz,
    hiatus_until      timestamptz
);

CREATE TABLE episode_airing (
    episode_id        uuid NOT NULL REFERENCES episode (id),
    kind              text NOT NULL CHECK (kind IN ('jp', 'sub', 'dub')),
    aired_at          timestamptz NOT NULL,
    PRIMARY KEY (episode_id, kind)
);

-- Flow. The outbox is the only door from here to NATS. A row either names an entity for the index (payload is null and
-- the relay builds the event) or carries a message as it is to be sent. `bucket` keeps one entity with one relay.

CREATE TABLE outbox (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id          uuid NOT NULL,
    bucket            smallint NOT NULL CHECK (bucket BETWEEN 0 AND 15),
    subject           text NOT NULL,
    entity_type       text NOT NULL CHECK (entity_type IN ('anime', 'character', 'episode', 'schedule', 'review')),
    entity_id         uuid NOT NULL,
    parent_id         uuid,
    op                text CHECK (op IN ('upsert', 'delete')),
    changed_fields    text[] NOT NULL DEFAULT '{}',
    version           bigint,
    causation_id      uuid,
    correlation_id    uuid,
    headers           jsonb,
    payload           bytea,
    queued_at         timestamptz NOT NULL DEFAULT now(),
    processed_at      timestamptz,
    CHECK (payload IS NOT NULL OR (op IS NOT NULL AND version IS NOT NULL))
);
-- Claiming reads by state, never by a cursor: ids are handed out before their transactions commit.
CREATE INDEX outbox_unsent ON outbox (id) INCLUDE (bucket) WHERE processed_at IS NULL;
CREATE INDEX outbox_sent ON outbox (processed_at) WHERE processed_at IS NOT NULL;

CREATE VIEW qdrant_outbox AS
SELECT id, entity_type, entity_id, op, changed_fields, version, queued_at, processed_at
FROM outbox
WHERE op IS NOT NULL;

CREATE TABLE inbox (
    consumer          text NOT NULL,
    event_id          uuid NOT NULL,
    received_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_by_age ON inbox USING brin (received_at);

-- Failures of a message itself, counted here because the server also counts deliveries that an outage caused.
CREATE TABLE delivery_failure (
    stream            text NOT NULL,
    consumer          text NOT NULL,
    stream_sequence   bigint NOT NULL,
    failures          integer NOT NULL,
    error             text NOT NULL,
    first_failed_at   timestamptz NOT NULL,
    last_failed_at    timestamptz NOT NULL,
    PRIMARY KEY (stream, consumer, stream_sequence)
);

-- Ingestion.

CREATE TABLE ingestion_runs (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    artifact_uri      text NOT NULL,
    artifact_sha256   text,
    started_at        timestamptz NOT NULL DEFAULT now(),
    finished_at       timestamptz,
    status            text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'finished', 'failed')),
    error             text
);

CREATE TABLE ingestion_entries (
    event_id          uuid PRIMARY KEY,
    run_id            bigint NOT NULL REFERENCES ingestion_runs (id),
    anime_id          uuid NOT NULL,
    label             text NOT NULL,
    payload_sha256    text NOT NULL,
    verdict           text CHECK (verdict IN ('new', 'changed', 'unchanged', 'refused')),
    reason            text,
    queued_at         timestamptz NOT NULL DEFAULT now(),
    decided_at        timestamptz
);
CREATE INDEX ingestion_entries_by_run ON ingestion_entries (run_id);
-- Whether a payload was handed in before, and what became of it.
CREATE INDEX ingestion_entries_by_payload ON ingestion_entries (anime_id, payload_sha256);

CREATE TABLE anime_ingestion_state (
    anime_id            uuid PRIMARY KEY REFERENCES anime (id),
    last_run_id         bigint REFERENCES ingestion_runs (id),
    last_enriched_at    timestamptz,
    last_ingested_at    timestamptz,
    last_payload_sha256 text,
    ingestion_status    text NOT NULL DEFAULT 'pending'
);

-- Whose word this database holds: the simulated world's or the live services'. The two never mix.
CREATE TABLE catalogue_origin (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    origin            text NOT NULL CHECK (origin IN ('world', 'live')),
    since             timestamptz NOT NULL DEFAULT now()
);
