"""What looks would cost each source: from what a workflow asks, what the source offers, and what its policy allows.

Pure. What our own cache answers, and entities that have no id at a source, make it cheaper than said here; answers of
more pages than the mean, and looks that are repeated, make it dearer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contracts.observation import Kind
from handlers.schedule.ports import Cost, Price
from handlers.schedule.row import Key
from handlers.sources.cost import WEEK_S, Demand, allowed, requests
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Capability

_WEEK_MIN: Final = WEEK_S / 60

Offers = Mapping[str, tuple[Capability, SourcePolicy]]
"""What each source gives, and how often it may be asked."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What one look asks of each source, and about how many entities."""

    kinds: Mapping[str, Sequence[Kind]] = field(default_factory=dict)
    entities: int = 1


def price_list(asked: Mapping[str, Asking], offers: Offers) -> Price:
    """The price of looks of any workflow."""

    def priced(workflow: str, looks: Sequence[tuple[Key, datetime]]) -> Mapping[str, Cost]:
        asking = asked.get(workflow, Asking())
        return price(asking, offers, rounds(key for key, _ in looks))

    return priced


def rounds(keys: Iterable[Key]) -> list[int]:
    """How many entities are looked at together: all for their first slot, then those that have a second, and so on.

    An entity's slots are looked for one after the other, so only looks of one round share requests.
    """
    slots = Counter(keys)
    return [sum(count > number for count in slots.values()) for number in range(max(slots.values(), default=0))]


def price(asking: Asking, offers: Offers, looks_by_round: Sequence[int]) -> dict[str, Cost]:
    """Per source that is asked and switched on: the requests, and the minutes of its budget that they take."""
    costs: dict[str, Cost] = {}
    for source, kinds in asking.kinds.items():
        if source not in offers or not offers[source][1].enabled:
            continue
        capability, policy = offers[source]
        total = sum(
            requests(capability[kind], Demand(looks * asking.entities, 1))
            for kind in kinds
            if kind in capability
            for looks in looks_by_round
        )
        if total:
            costs[source] = Cost(total, round(total * _WEEK_MIN / allowed(policy), 1))
    return costs
