"""The schedule and what it missed."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
