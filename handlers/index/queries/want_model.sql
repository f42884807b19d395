-- The index is of the model $1 (in the folder $2), and is to be filled with vectors of the model $3 (in the folder $4).
INSERT INTO index_model (model, folder, wanted, wanted_folder) VALUES ($1, $2, $3, $4)
ON CONFLICT (only_row) DO UPDATE SET wanted = excluded.wanted, wanted_folder = excluded.wanted_folder, asked_at = now()
