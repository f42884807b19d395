-- Each workflow's rows: how many there are, wait with a timer, run, are paused; and how many looks ended by what they said
-- (numbers and what follows " (without" left out, so that there are few different ones).
SELECT workflow,
       count(*) AS rows,
       count(timer_due_at) AS timed,
       count(running_tick) AS running,
       count(paused_at) AS paused,
       count(*) FILTER (WHERE attempt > 1 AND due_at IS NOT NULL) AS retrying,
       count(last_run_at) AS looked_at,
       min(due_at) FILTER (WHERE paused_at IS NULL AND running_tick IS NULL) AS next_due_at
FROM schedule
GROUP BY workflow
ORDER BY workflow
