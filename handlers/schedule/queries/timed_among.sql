-- Which of the timers with these subjects a row says it has; $2 is what a subject begins with.
SELECT timer.subject
FROM unnest($1::text[]) AS timer(subject)
JOIN schedule s
  ON s.workflow = split_part(substr(timer.subject, length($2) + 1), '.', 1)
 AND s.entity_id = split_part(substr(timer.subject, length($2) + 1), '.', 2)
WHERE s.timer_due_at IS NOT NULL
