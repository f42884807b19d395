-- How many letters wait for a person, and of how many kinds.
SELECT count(*) AS letters, count(DISTINCT fingerprint) AS groups FROM dead_letter WHERE state = 'waiting'
