"""What a week costs each source, computed from what it offers and what its policy allows. The docs print this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Final

from contracts.observation import Kind
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Capability, Offer, SourceAdapter, Way

WEEK_S: Final = 7 * 86_400
_UNBOUNDED: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Demand:
    """How many anime are asked about in one way, and how often in a week."""

    anime: int
    times: int


# A catalogue of 40,000: all metadata once a week; scores of what airs or ended in the last 90 days on the other days;
# episodes and air times of what airs daily; casts and staff of a quarter, so that each is seen every four weeks.
CATALOGUE: Final = 40_000
WEEK: Final[Mapping[Kind, Demand]] = MappingProxyType(
    {
        Kind.ANIME: Demand(CATALOGUE, 1),
        Kind.STATISTICS: Demand(1_000, 6),
        Kind.EPISODES: Demand(400, 7),
        Kind.AIRING: Demand(400, 7),
        Kind.CHARACTERS: Demand(CATALOGUE // 4, 1),
        Kind.STAFF: Demand(CATALOGUE // 4, 1),
    }
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One source's week: requests, requests that its budget allows, and the hours that ours take at full rate."""

    source: str
    by_kind: Mapping[Kind, int]
    allowed: float

    @property
    def requests(self) -> int:
        """All requests of the week."""
        return sum(self.by_kind.values())

    @property
    def share(self) -> float:
        """The part of the budget that they take, 0 to 1 when they fit."""
        return self.requests / self.allowed

    @property
    def hours(self) -> float:
        """Hours at full rate."""
        return self.share * WEEK_S / 3600


def requests(offer: Offer, demand: Demand) -> int:
    """Requests for a demand: batches, times the pages that a batch takes, times how often."""
    return ceil(round(ceil(demand.anime / offer.batch) * offer.pages_mean, 6)) * demand.times


def allowed(policy: SourcePolicy) -> float:
    """Requests that a policy allows in a week."""
    per_s = [policy.rate_per_s or _UNBOUNDED, (policy.rate_per_min or _UNBOUNDED) / 60]
    return min(per_s) * WEEK_S


def week(adapter: SourceAdapter, policy: SourcePolicy, demands: Mapping[Kind, Demand] = WEEK) -> Cost:
    """What a source is asked in a week, of all that it offers."""
    by_kind = {
        kind: requests(adapter.capability[kind], one) for kind, one in demands.items() if kind in adapter.capability
    }
    return Cost(adapter.name, by_kind, allowed(policy))


def cost_table(adapters: Mapping[str, SourceAdapter]) -> str:
    """The week of every source as a Markdown table."""
    costs = [week(adapter, adapter.policy) for adapter in adapters.values()]
    head = [
        "source",
        *(kind.value for kind in WEEK),
        "requests a week",
        "allowed a week",
        "share",
        "hours at full rate",
    ]
    rows = [
        [
            cost.source,
            *(f"{cost.by_kind[kind]:,}" if kind in cost.by_kind else "-" for kind in WEEK),
            f"{cost.requests:,}",
            f"{cost.allowed:,.0f}",
            f"{cost.share:.1%}",
            f"{cost.hours:.1f}",
        ]
        for cost in costs
    ]
    return _markdown(head, rows)


def offer_table(adapters: Mapping[str, SourceAdapter]) -> str:
    """What every source gives, and in which ways, as a Markdown table."""
    head = ["kind", *adapters]
    rows = [[kind.value, *(_ways(adapter.capability, kind) for adapter in adapters.values())] for kind in Kind]
    return _markdown(head, rows)


def _ways(capability: Capability, kind: Kind) -> str:
    if kind not in capability:
        return "-"
    offer = capability[kind]
    ways = [way.value for way in Way if way in offer.ways and way is not Way.BATCHED]
    return ", ".join([*ways, f"{offer.batch} per request"] if offer.batch > 1 else ways)


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
