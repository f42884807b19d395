-- Give the row of workflow $1 and entity $2 the differences $3 from its workflow's policy.
INSERT INTO schedule (workflow, entity_id, policy) VALUES ($1, $2, $3::jsonb)
ON CONFLICT (workflow, entity_id) DO UPDATE SET policy = excluded.policy, updated_at = now()
