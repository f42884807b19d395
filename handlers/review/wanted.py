"""Which reviews are meant: a filter in the words of the domain, checked before anything is asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.errors import Refused
from contracts.risk import GUARDED, RULES

STATES: Final = ("pending", "approved", "rejected", "superseded", "expired", "failed", "undone")
RULE_NAMES: Final = tuple(dict.fromkeys(rule.name for rule in RULES))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a review has to be like; None is no condition. `before` is when it was made at the latest."""

    state: str | None = None
    source: str | None = None
    rule: str | None = None
    field: str | None = None
    entity_id: UUID | None = None
    title: str | None = None
    before: datetime | None = None

    def __post_init__(self) -> None:
        for name, known in (("state", STATES), ("rule", RULE_NAMES), ("field", tuple(sorted(GUARDED)))):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise Refused("reviews", name, f"there is no {name} {value!r}; there are {', '.join(known)}")

    @property
    def is_narrow(self) -> bool:
        """Whether it says more than a state: what is decided in bulk has to be named by something."""
        return any(getattr(self, one.name) is not None for one in fields(self) if one.name != "state")
