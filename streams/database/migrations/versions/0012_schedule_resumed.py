"""Why a row of the schedule is looked at again."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
