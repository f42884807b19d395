-- Say whose word this database holds from now on.
INSERT INTO catalogue_origin (origin) VALUES ($1) ON CONFLICT (only_row) DO NOTHING
