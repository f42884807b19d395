-- What was committed of the anime $1, as the index shows it. A point's version is the anime's plus its episodes', which
-- rises with every change of either, since rows are never removed. An air date that was said before it came is an
-- announcement, also when it has passed.
SELECT a.id, a.version + coalesce(e.versions, 0) AS version, a.deleted_at IS NOT NULL AS is_deleted,
       a.title, a.title_english, a.title_japanese, a.type, a.status, a.season, a.year, a.rating, a.nsfw, a.synopsis,
       a.genres, a.tags, a.themes, a.demographics, a.episode_count, a.score_agm, e.last_episode, e.last_aired
FROM anime AS a
LEFT JOIN LATERAL (
    SELECT sum(version)::bigint AS versions, max(episode_number) FILTER (WHERE has_aired) AS last_episode,
           max(aired) FILTER (WHERE has_aired) AS last_aired
    FROM (
        SELECT version, episode_number, aired,
               aired <= least($2, (coalesce(provenance -> 'aired', provenance -> '*') ->> 1)::timestamptz) AS has_aired
        FROM episode WHERE anime_id = a.id
    ) AS one
) AS e ON true
WHERE a.id = ANY ($1::uuid[])
