"""Reviews, and the words of guarded fields."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
