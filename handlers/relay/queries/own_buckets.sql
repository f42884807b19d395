-- Try to become the one relay of each bucket in $2; the locks live as long as this session.
SELECT bucket FROM unnest($2::smallint[]) AS bucket WHERE pg_try_advisory_lock($1, bucket)
