-- Write the rows of the JSON array $1 back; they are locked. What a timer was queued at is the machine's time.
UPDATE schedule AS s SET
    due_at = r.due_at, slot_at = r.slot_at, attempt = r.attempt, reason = r.reason, confidence = r.confidence,
    policy = r.policy, plan_version = r.plan_version, paused_at = r.paused_at, paused_reason = r.paused_reason,
    resumed_at = r.resumed_at, resumed_reason = r.resumed_reason,
    running_tick = r.running_tick, running_sequence = r.running_sequence, running_slot_at = r.running_slot_at,
    running_since = r.running_since, buffered = r.buffered, backfill = r.backfill, last_tick = r.last_tick,
    last_slot_at = r.last_slot_at, last_run_at = r.last_run_at, last_outcome = r.last_outcome,
    timer_due_at = r.timer_due_at, timer_number = r.timer_number,
    timer_queued_at = CASE WHEN r.timer_number > s.timer_number THEN now() ELSE s.timer_queued_at END,
    updated_at = now()
FROM jsonb_populate_recordset(NULL::schedule, $1::jsonb) AS r
WHERE s.workflow = r.workflow AND s.entity_id = r.entity_id
