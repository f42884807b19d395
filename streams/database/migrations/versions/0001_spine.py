"""Entities, links, flow and ingestion."""

from __future__ import annotations

from streams.database.step import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the step's SQL."""
    run_sql(__file__)
