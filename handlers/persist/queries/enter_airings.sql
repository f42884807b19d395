-- When the episodes $1 aired on Japanese television ($2 instants).
INSERT INTO episode_airing (episode_id, kind, aired_at)
SELECT episode_id, 'jp', aired_at FROM unnest($1::uuid[], $2::timestamptz[]) AS row(episode_id, aired_at)
ON CONFLICT (episode_id, kind) DO UPDATE SET aired_at = excluded.aired_at
  WHERE episode_airing.aired_at <> excluded.aired_at
