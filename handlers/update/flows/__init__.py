"""One file per workflow: its policy, what it asks, and what a look does."""
