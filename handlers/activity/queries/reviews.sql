-- Changes that were held, by state and by the rule that held them.
SELECT state, flag ->> 'rule' AS rule, count(*) AS changes
FROM review, jsonb_array_elements(reasons) AS flag
GROUP BY 1, 2
ORDER BY 1, 2
