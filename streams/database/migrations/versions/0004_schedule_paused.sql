-- What is due next leaves out what is paused, however much that is; what is paused is found by itself.

DROP INDEX schedule_next;
CREATE INDEX schedule_next ON schedule (due_at, workflow, entity_id) WHERE due_at IS NOT NULL AND paused_at IS NULL;
CREATE INDEX schedule_paused ON schedule (paused_at, workflow, entity_id) INCLUDE (paused_reason) WHERE paused_at IS NOT NULL;
