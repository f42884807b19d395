-- Slots that passed without a look, by workflow and reason.
SELECT workflow, reason, count(*) AS slots FROM schedule_miss GROUP BY workflow, reason ORDER BY workflow, reason
