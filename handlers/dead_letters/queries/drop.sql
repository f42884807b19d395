-- Give a choice of letters up for good; gives the group of each.
UPDATE dead_letter SET state = 'dropped', drop_reason = $8, decided_by = $9, decided_at = $10
WHERE
  -- include meant
  AND state = 'waiting' AND number <= $7
RETURNING fingerprint
