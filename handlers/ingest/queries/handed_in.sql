-- What is known of the payloads ($1 anime, $2 sha256). `known`: the living anime was last ingested from this one, and
-- every part of it went in. `waiting`: the events of the last run that handed it in and has parts undecided, unless
-- these are older than $3 seconds and so have been lost.
SELECT wanted.anime_id, wanted.sha256,
    EXISTS (
        SELECT FROM anime_ingestion_state AS state
        JOIN anime ON anime.id = state.anime_id AND anime.deleted_at IS NULL
        WHERE state.anime_id = wanted.anime_id AND state.last_payload_sha256 = wanted.sha256
          AND NOT EXISTS (
            SELECT FROM ingestion_entries AS part
            WHERE part.anime_id = wanted.anime_id AND part.payload_sha256 = wanted.sha256
              AND part.run_id = state.last_run_id AND (part.verdict IS NULL OR part.verdict = 'refused')
          )
    ) AS known,
    ARRAY (
        SELECT part.event_id FROM ingestion_entries AS part
        WHERE part.anime_id = wanted.anime_id AND part.payload_sha256 = wanted.sha256 AND part.run_id = (
            SELECT max(open.run_id) FROM ingestion_entries AS open
            WHERE open.anime_id = wanted.anime_id AND open.payload_sha256 = wanted.sha256 AND open.verdict IS NULL
              AND open.queued_at > now() - make_interval(secs => $3)
        )
    ) AS waiting
FROM unnest($1::uuid[], $2::text[]) AS wanted(anime_id, sha256)
