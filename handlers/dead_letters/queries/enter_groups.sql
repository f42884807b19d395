-- The groups of these letters, as far as they are new.
INSERT INTO dead_letter_group (fingerprint)
SELECT DISTINCT fingerprint FROM unnest($1::text[]) AS fingerprint ORDER BY fingerprint
ON CONFLICT (fingerprint) DO NOTHING
