-- When the snapshot whose header bears the checksum $1 last came in.
SELECT max(restored_at) FROM catalogue_restore WHERE header_sha256 = $1
