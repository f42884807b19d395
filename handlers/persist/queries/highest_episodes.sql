-- The highest episode number that each of the anime $1 has.
SELECT anime_id, max(episode_number) AS number FROM episode WHERE anime_id = ANY ($1::uuid[]) GROUP BY anime_id
