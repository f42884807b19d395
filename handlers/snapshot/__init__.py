"""Snapshot: the whole catalogue as portable lines with checksums, and back into an empty database.

Nothing is imported here, because the command line reads the format too and has to start fast.
"""
