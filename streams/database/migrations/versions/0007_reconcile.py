"""Passes of the reconciler."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
