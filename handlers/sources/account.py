"""The account of a fetch: what was learned, and for every id that it was not learned for, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from contracts.errors import EchoraError, Outage, Permanent, Transient
from contracts.observation import Kind, Observation
from handlers.sources.errors import NotFound, NotOffered, Throttled, Unreadable

# The id under which a failure stands that belongs to no single id, e.g. of a listing.
ALL = "*"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one id was not learned. `retry_after_s` only where the reason passes; `kind` is a word for labels."""

    kind: str
    reason: str
    passes: bool
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """Observations and failures by external id; every id that was asked for is in one of the two."""

    source: str
    kind: Kind
    observations: Mapping[str, Observation] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)

    def summary(self) -> str:
        """One sentence for people."""
        reasons: dict[str, int] = {}
        for failure in self.failures.values():
            reasons[failure.kind] = reasons.get(failure.kind, 0) + 1
        lost = ", ".join(f"{number} {kind}" for kind, number in sorted(reasons.items()))
        return f"{self.source}: {len(self.observations)} observed" + (f", {lost}" if lost else "")


def as_json(result: FetchResult) -> dict[str, Any]:
    """The account as plain values for JSON: what was observed by id, without what is absent, and the failures."""
    observed = {one: seen.model_dump(mode="json", exclude_none=True) for one, seen in result.observations.items()}
    for seen in observed.values():
        # Sets have no order of their own; people and diffs want one.
        seen.update(speaks_for=sorted(seen["speaks_for"]), open=sorted(seen["open"]))
    failures = {one: asdict(failure) for one, failure in result.failures.items()}
    return {"source": result.source, "kind": result.kind.value, "observations": observed, "failures": failures}


def failure_of(error: EchoraError) -> Failure:
    """The account of an error."""
    words = (
        (Outage, "outage"),
        (Throttled, "throttled"),
        (Unreadable, "unreadable"),
        (Transient, "failed"),
        (NotFound, "not found"),
        (NotOffered, "not offered"),
        (Permanent, "refused"),
    )
    kind = next((word for branch, word in words if isinstance(error, branch)), "failed")
    passes = isinstance(error, Transient)
    return Failure(kind, str(error), passes, error.retry_after_s if isinstance(error, Transient) else None)
