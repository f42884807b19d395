-- The next $2 living anime after $1 (null for the first) with what their times follow from. A window was skipped when
-- the slot that was looked for last is among the misses; the last episode is the one that the total names, or a later one.
SELECT a.id, a.status, a.aired_from, (a.meta -> 'broadcast')::text AS broadcast, (a.meta -> 'hiatus')::text AS hiatus,
    EXISTS (
        SELECT FROM schedule AS s
        JOIN schedule_miss AS m
          ON m.workflow = s.workflow AND m.entity_id = s.entity_id AND m.due_at = s.last_slot_at
        WHERE s.workflow = 'episode_air_tracking' AND s.entity_id = a.id::text AND m.reason IN ('skipped', 'budget')
    ) AS was_skipped,
    NOT EXISTS (
        SELECT FROM schedule AS s WHERE s.workflow = 'episode_air_tracking' AND s.entity_id = a.id::text
    ) AS is_untracked,
    CASE WHEN a.status = 'ONGOING' AND a.episode_count > 0 THEN (
        SELECT min(e.aired) FROM episode AS e
        WHERE e.anime_id = a.id AND e.episode_number >= a.episode_count AND e.deleted_at IS NULL
          -- A date that was said before it came is an announcement.
          AND coalesce((coalesce(e.provenance -> 'aired', e.provenance -> '*') ->> 1)::timestamptz >= e.aired, true)
    ) END AS last_aired_at
FROM anime AS a
WHERE a.deleted_at IS NULL AND ($1::uuid IS NULL OR a.id > $1)
ORDER BY a.id
LIMIT $2
