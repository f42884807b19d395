-- The snapshot whose header bears the checksum $1 has come in, with whatever else this transaction commits.
INSERT INTO catalogue_restore (header_sha256, taken_at) VALUES ($1, $2::text::timestamptz)
