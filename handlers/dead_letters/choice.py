"""Which letters are meant: by id, by group, or by what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    """What became of a letter."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Choice:
    """Letters that meet every condition that is set; without any, all of them."""

    ids: tuple[UUID, ...] | None = None
    fingerprint: str | None = None
    consumer: str | None = None
    subject: str | None = None
    error_class: str | None = None
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no condition is set."""
        return all(value is None for value in self.parameters)

    @property
    def parameters(self) -> tuple[object, ...]:
        """The first parameters of every query that takes a choice."""
        ids = list(self.ids) if self.ids is not None else None
        return ids, self.fingerprint, self.consumer, self.subject, self.error_class, self.since
