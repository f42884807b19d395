-- Which timers wait in the outbox for the relay.
SELECT DISTINCT subject FROM outbox WHERE processed_at IS NULL AND entity_type = 'schedule'
