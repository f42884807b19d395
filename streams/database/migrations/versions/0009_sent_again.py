"""What is sent again, and what was seen of the streams."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
