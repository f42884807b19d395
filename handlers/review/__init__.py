"""Review: what waits for a person, what was decided, and what is too old to be decided. Persist applies decisions."""
