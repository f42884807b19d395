"""What a week costs, that it fits, and that the docs say what the function computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.observation import Kind
from handlers.sources.cost import WEEK, Demand, allowed, cost_table, offer_table, requests, week
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Offer
from handlers.sources.sources import SOURCES

DOCS = Path(__file__).parents[3] / "docs" / "sources.md"


def test_requests_are_batches_times_pages_times_how_often() -> None:
    assert requests(Offer(frozenset(), batch=50), Demand(40_000, 1)) == 800
    assert requests(Offer(frozenset(), batch=20, pages_mean=1.5), Demand(41, 7)) == 35
    assert requests(Offer(frozenset()), Demand(400, 7)) == 2_800


def test_the_tighter_rate_counts() -> None:
    assert allowed(SourcePolicy("https://x.example", rate_per_s=2, rate_per_min=60)) == 604_800
    assert allowed(SourcePolicy("https://x.example", rate_per_s=1)) == 604_800
    assert allowed(SourcePolicy("https://x.example", rate_per_min=28)) == pytest.approx(282_240)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_catalogue_of_forty_thousand_fits_into_a_week(source: str) -> None:
    adapter = SOURCES[source]
    cost = week(adapter, adapter.policy)
    assert WEEK[Kind.ANIME].anime == 40_000
    assert cost.share < 0.5, "and leaves room for retries, backfill and people"


@pytest.mark.parametrize("table", [cost_table, offer_table], ids=["cost", "offer"])
def test_the_docs_print_what_is_computed(table: object) -> None:
    assert table(SOURCES) in DOCS.read_text("utf-8"), "copy the table that `python -m handlers.sources.cost` would give"  # type: ignore[operator]
