-- Letters as rows. One that is there already came once more, over whichever way; nothing happens then.
INSERT INTO dead_letter (id, stream, consumer, stream_sequence, subject, payload, headers, is_whole, error_class, error,
                         fingerprint, attempts, first_failed_at, last_failed_at, replays, replay_of)
SELECT id, stream, consumer, stream_sequence, subject, payload, headers, is_whole, error_class, error,
       fingerprint, attempts, first_failed_at, last_failed_at, replays, replay_of
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::jsonb[], $8::boolean[],
            $9::text[], $10::text[], $11::text[], $12::integer[], $13::timestamptz[], $14::timestamptz[],
            $15::integer[], $16::uuid[])
  AS letter(id, stream, consumer, stream_sequence, subject, payload, headers, is_whole, error_class, error,
            fingerprint, attempts, first_failed_at, last_failed_at, replays, replay_of)
ORDER BY id
ON CONFLICT (id) DO NOTHING
