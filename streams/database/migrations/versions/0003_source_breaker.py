"""The breakers of the sources."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
