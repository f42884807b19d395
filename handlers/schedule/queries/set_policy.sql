-- Give the row of workflow $1 and entity $2 the differences $3 from its workflow's policy.
UPDATE schedule SET policy = $3::jsonb, updated_at = now() WHERE workflow = $1 AND entity_id = $2
