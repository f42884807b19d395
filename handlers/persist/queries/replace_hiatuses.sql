-- The break of each anime: $1 ids, $2 breaks as JSON (null removes it).
WITH breaks AS (
    SELECT anime_id, pause FROM unnest($1::uuid[], $2::jsonb[]) AS row(anime_id, pause)
), gone AS (
    DELETE FROM anime_hiatus WHERE anime_id IN (SELECT anime_id FROM breaks WHERE pause = 'null')
)
INSERT INTO anime_hiatus (anime_id, reason, hiatus_from, hiatus_until)
SELECT anime_id, pause ->> 'reason', (pause ->> 'hiatus_from')::timestamptz, (pause ->> 'hiatus_until')::timestamptz
FROM breaks WHERE pause <> 'null'
ON CONFLICT (anime_id) DO UPDATE
SET reason = excluded.reason, hiatus_from = excluded.hiatus_from, hiatus_until = excluded.hiatus_until
