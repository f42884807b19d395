-- What was told, by subject, and of the changes that reached the index how many may have changed a vector.
SELECT subject, count(*) AS events, count(processed_at) AS sent FROM outbox WHERE entity_type <> 'schedule'
GROUP BY subject ORDER BY subject
