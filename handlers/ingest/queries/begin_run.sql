-- A new run of $1.
INSERT INTO ingestion_runs (artifact_uri) VALUES ($1) RETURNING id
