"""The model of the index."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
