"""One file per workflow: its name, its policy and what it looks at."""
