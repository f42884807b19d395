-- Groups without letters.
DELETE FROM dead_letter_group g WHERE NOT EXISTS (SELECT FROM dead_letter l WHERE l.fingerprint = g.fingerprint)
