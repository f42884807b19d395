"""What a found change costs: the program through a simulated week, beside asking every source about everything daily.

ours   the real program against the world on a fast clock, as `echora demo` runs it: its requests by its own meter,
       and what it found by the demo's verdict
poll   computed: what each source is asked when every anime and character that has an id there is asked about once
       a day, by what its adapter offers. It is credited with every change that any source shows at one of those
       instants, and with every score that moved.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from contracts.observation import Kind
from handlers.sources.cost import Demand, requests
from handlers.sources.port import Capability
from handlers.sources.sources import SOURCES
from handlers.update.workflows import WORKFLOWS
from handlers.verdict.belief import first_visible
from handlers.verdict.judge import Judged, Outcome
from handlers.verdict.truth import RECORD, TrueChange
from streams.demo.folder import Plan, prepared
from streams.demo.run import Demo
from streams.demo.watch import Frame, Watch
from streams.world import demo_origin, demo_records

DAYS: Final = 7
_DAY: Final = timedelta(days=1)
_FOUND: Final = frozenset({Outcome.FOUND, Outcome.HELD})


async def measure(say: Callable[[str], None]) -> dict[str, float]:
    """Both sides of the same week."""
    say(f"{DAYS} days of the simulated world, watched by the program")
    counted = _Counted()
    with tempfile.TemporaryDirectory(prefix="echora-bench-") as folder:
        home = Path(folder) / "demo"
        plan = prepared(home, Plan(days=DAYS), resume=False)
        report = await Demo(home, plan, counted).run(resume=False)
    found = [one for one in report.changes if one.outcome in _FOUND]
    ours = len(found) + sum(one.is_found for one in report.moves)
    asked = counted.requests()
    polled = polled_requests(demo_records())
    seen = [one for one in map(_polled_after, report.changes) if one is not None]
    by_poll = len(seen) + len(report.moves)
    return {
        "requests_ours": asked,
        "requests_changes_found": ours,
        "requests_changes_missed": report.missed,
        "requests_per_change": asked / ours,
        "requests_late_median_h": _hours([one.late for one in found if one.late is not None]),
        "requests_poll": polled,
        "requests_poll_changes": by_poll,
        "requests_poll_per_change": polled / by_poll,
        "requests_poll_late_median_h": _hours(seen),
        "requests_ratio": (polled / by_poll) / (asked / ours),
    }


class _Counted:
    """Stands where the demo's screen stands, and keeps what it is shown."""

    def __init__(self) -> None:
        self._watch: Watch | None = None

    def show(self, frame: Frame, watch: Watch) -> None:
        """Take the picture."""
        self._watch = watch

    def requests(self) -> int:
        """All exchanges with sources, also those that failed."""
        assert self._watch is not None, "the demo has shown nothing"
        return sum(self._watch.tally.sums("echora_source_exchanges_total", "source").values())


# --- the poll -----------------------------------------------------------------------------------------------------


def polled_requests(records: Sequence[Mapping[str, Any]]) -> int:
    """The requests of DAYS days in which everything is asked about once a day."""
    total = 0
    for adapter in SOURCES.values():
        anime, people = _known(records, adapter.platform)
        for kind in kinds(adapter.name, adapter.capability):
            offer = adapter.capability[kind]
            total += requests(offer, Demand(len(people) if kind is Kind.CHARACTER else len(anime), DAYS))
    return total


def kinds(source: str, capability: Capability) -> list[Kind]:
    """What the program's workflows ask of a source, without what another of these answers gives as well."""
    asked = {kind for flow in WORKFLOWS.values() for kind in flow.asks.get(source, ()) if kind in capability}
    return sorted(kind for kind in asked if not _is_given(kind, asked - {kind}, capability))


def _is_given(kind: Kind, others: Iterable[Kind], capability: Capability) -> bool:
    # A character's answer speaks of no anime, whatever its fields are called.
    able = (capability[one].gives for one in others if Kind.CHARACTER not in (one, kind))
    return capability[kind].gives <= frozenset().union(*able)


def _known(records: Sequence[Mapping[str, Any]], platform: str) -> tuple[set[str], set[str]]:
    anime = (one["anime"] for one in records)
    people = (who for one in records for who in one["characters"])
    return _ids(anime, platform), _ids(people, platform)


def _ids(entities: Iterable[Mapping[str, Any]], platform: str) -> set[str]:
    found = ((one.get("external_ids") or {}).get(platform) for one in entities)
    return {one for one in found if one}


def _polled_after(one: Judged) -> timedelta | None:
    """How long after a source first showed a change the poll sees it; None when it never does."""
    change, first = one.change, first_visible(one.change)
    if change.field == RECORD or first is None:
        return None
    instants = (demo_origin() + number * _DAY for number in range(1, DAYS + 1))
    at = next((at for at in instants if _is_shown(change, at)), None)
    return at - first if at is not None else None


def _is_shown(change: TrueChange, at: datetime) -> bool:
    hidden = change.hidden_from
    return any(since <= at and (one not in hidden or at < hidden[one]) for one, since in change.visible.items())


def _hours(late: Sequence[timedelta]) -> float:
    return sorted(late)[len(late) // 2].total_seconds() / 3_600
