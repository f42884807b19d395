-- The slot of each anime: $1 ids, $2 slots as JSON (null removes it).
WITH slots AS (
    SELECT anime_id, slot FROM unnest($1::uuid[], $2::jsonb[]) AS row(anime_id, slot)
), gone AS (
    DELETE FROM anime_broadcast WHERE anime_id IN (SELECT anime_id FROM slots WHERE slot = 'null')
)
INSERT INTO anime_broadcast (anime_id, day, time, timezone, next_episode_at)
SELECT anime_id, slot ->> 'day', slot ->> 'time', slot ->> 'timezone', (slot ->> 'next_episode_at')::timestamptz
FROM slots WHERE slot <> 'null'
ON CONFLICT (anime_id) DO UPDATE
SET day = excluded.day, time = excluded.time, timezone = excluded.timezone, next_episode_at = excluded.next_episode_at
