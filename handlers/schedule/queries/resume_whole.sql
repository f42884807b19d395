-- Workflow $1 is not paused as a whole any more.
DELETE FROM schedule_pause WHERE workflow = $1
