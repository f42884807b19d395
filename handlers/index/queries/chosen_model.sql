-- Which model the index is of, and which one it is being filled with.
SELECT model, folder, wanted, wanted_folder, is_tidy,
       coalesce(extract(epoch FROM now() - switched_at), 0)::float8 AS old_s
FROM index_model
