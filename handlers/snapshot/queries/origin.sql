-- Whose word this database holds.
SELECT origin FROM catalogue_origin
