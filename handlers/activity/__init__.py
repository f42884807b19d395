"""Activity: what the catalogue did lately, read from what it committed, so that it survives every restart."""
