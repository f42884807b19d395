-- Which of these letters are there.
SELECT id FROM dead_letter WHERE id = ANY ($1::uuid[])
