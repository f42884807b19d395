-- The newest letter. What comes later, maybe because of a replay, belongs to no replay that began before.
SELECT coalesce(max(number), 0) FROM dead_letter
