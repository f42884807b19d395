"""Workflows that are paused as a whole."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
