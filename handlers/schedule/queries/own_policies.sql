-- What differs from the policy of workflow $1 in the rows of the entities $2 that have a policy of their own.
SELECT entity_id, policy FROM schedule WHERE workflow = $1 AND entity_id = ANY ($2::text[]) AND policy IS NOT NULL
