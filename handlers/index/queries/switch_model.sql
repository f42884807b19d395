-- What was wanted is the index's model.
UPDATE index_model
SET model = wanted, folder = wanted_folder, wanted = NULL, wanted_folder = NULL, is_tidy = false, switched_at = now()
WHERE wanted IS NOT NULL
