-- Per workflow and reason: how many misses were recorded after $1.
SELECT workflow, reason, count(*) AS count FROM schedule_miss WHERE at > $1 GROUP BY workflow, reason
