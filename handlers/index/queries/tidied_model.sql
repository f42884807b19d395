-- Only the vectors of the index's own model are left.
UPDATE index_model SET is_tidy = true
