"""Why the word of a source was believed."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
