"""Which snapshots came in."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
