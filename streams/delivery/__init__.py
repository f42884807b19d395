"""How messages come in and go out: one place each that pulls, decodes, acknowledges and publishes."""
