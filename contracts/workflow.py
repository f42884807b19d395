"""What a workflow promises about its time: a policy, and the kind of entity that it looks at.

The types stand here because two steps share them: schedule keeps the times, update does the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

MINUTE_S: Final = 60.0
HOUR_S: Final = 3_600.0
DAY_S: Final = 86_400.0
WEEK_S: Final = 7 * DAY_S


# What the reason of a look begins with that a backfill asks for.
BACKFILL: Final = "backfill of"


class Overlap(StrEnum):
    """What becomes of a look that is due while the one before is still under way."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"


class EntityKind(StrEnum):
    """What a row of a schedule stands for."""

    ANIME = "anime"
    CHARACTER = "character"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class Policy:
    """When a workflow looks at an entity, and what it does about looks that fail or were missed. All in seconds.

    Slots lie `interval_s` apart from Monday 00:00 UTC on, moved by `phase_s`, and by a share of `jitter_s` that the
    entity's hash gives. Without an interval every slot is planned from outside, as an air time is.
    A missed slot is caught up when it is among the last `catch_up_runs_max` and not older than `catch_up_age_max_s`;
    slots that all come late at once are spread over `catch_up_spread_s`. A look that took longer than
    `run_timeout_s` counts as dead.
    """

    interval_s: float | None
    phase_s: float = 0.0
    jitter_s: float = 0.0
    overlap: Overlap = Overlap.SKIP
    catch_up_runs_max: int = 1
    catch_up_age_max_s: float = WEEK_S
    catch_up_spread_s: float = 0.0
    retry_wait_s: float = 2 * HOUR_S
    retries_max: int = 0
    run_timeout_s: float = HOUR_S

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            # A truth value is a number to the language, and nobody means one.
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"policy: {name} is {value!r}; it must be a number")
            if not least <= value <= _MOST_S:
                raise ValueError(f"policy: {name} is {value}; it must be from {least:g} to {_MOST_S:g}")
        for name in _COUNTS:
            if not isinstance(getattr(self, name), int):
                raise ValueError(f"policy: {name} is {getattr(self, name)}; it must be a whole number")
        if self.jitter_s > (self.interval_s or 0):
            raise ValueError(
                f"policy: jitter_s is {self.jitter_s:g} and interval_s {self.interval_s}; jitter beyond the interval "
                "would let slots overtake each other"
            )


_MOST_S: Final = 400 * DAY_S
_MAY_BE_NONE: Final = ("interval_s",)
_COUNTS: Final = ("catch_up_runs_max", "retries_max")
_LEAST: Final[dict[str, float]] = {
    "interval_s": MINUTE_S,
    "phase_s": 0,
    "jitter_s": 0,
    "catch_up_runs_max": 0,
    "catch_up_age_max_s": 0,
    "catch_up_spread_s": 0,
    "retry_wait_s": 1,
    "retries_max": 0,
    "run_timeout_s": 1,
}


@dataclass(frozen=True, slots=True)
class Workflow:
    """One kind of regular work. Its name is a part of subjects and of consumers, so it is one token of [a-z0-9_]."""

    name: str
    policy: Policy
    entity_kind: EntityKind
    description: str

    def __post_init__(self) -> None:
        if not self.name or set(self.name) - set("abcdefghijklmnopqrstuvwxyz0123456789_"):
            raise ValueError(f"workflow {self.name!r}: a name is made of a-z, 0-9 and _, for it is part of a subject")


class Confidence(StrEnum):
    """How far a due time can be trusted."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class MissReason(StrEnum):
    """Why a slot passed without a look."""

    DOWN = "down"
    OVERLAP = "overlap"
    BUDGET = "budget"
    PAUSED = "paused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Due:
    """A look to come. `slot_at` is the slot that it stands for: a retry is due later and keeps the slot."""

    at: datetime
    reason: str
    confidence: Confidence = Confidence.HIGH
    slot_at: datetime | None = None
    attempt: int = 1

    @property
    def slot(self) -> datetime:
        """The slot it stands for, by default its own time."""
        return self.slot_at or self.at


class Again(StrEnum):
    """When an entity is looked at next, where a look does not name the time itself."""

    REGULAR = "regular"
    RETRY = "retry"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LookEnd:
    """How a look ended: in words, what comes next, and why its slot counts as missed, if it does.

    A look that wants a retry and has none left misses its slot, for the reason `miss` (by default `skipped`), and goes
    on as `otherwise` says.
    """

    outcome: str
    next: Due | Again = Again.REGULAR
    miss: MissReason | None = None
    otherwise: Due | Again = Again.REGULAR
