"""A true change as the world tells it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

JSON = Any
EPISODES = "episodes"
RECORD = "record"
NEXT_AIRING = "next_airing"
FIGURES = "statistics."


@dataclass(frozen=True, slots=True)
class TrueChange:
    """One field that changed: when, and from when until when each source shows it.

    A source that `visible` does not name never shows it; one that `hidden_from` does not name goes on showing it.
    """

    kind: str
    entity_id: str
    title: str
    field: str
    old: JSON
    new: JSON
    at: datetime
    visible: Mapping[str, datetime] = dataclasses.field(default_factory=dict)
    hidden_from: Mapping[str, datetime] = dataclasses.field(default_factory=dict)
    entity_type: str = "anime"

    @property
    def name(self) -> str:
        """What changed, as a person reads it."""
        if self.field == EPISODES:
            return f"episode {self.new['episode_number']}"
        return self.field.replace("_", " ")


def change_of(said: Mapping[str, JSON]) -> TrueChange:
    """The change in one entry of the world's /truth. Raises KeyError or ValueError for what is none."""
    return TrueChange(
        kind=said["kind"],
        entity_id=said["entity_id"],
        title=said["title"],
        field=said["field"],
        old=said["old"],
        new=said["new"],
        at=datetime.fromisoformat(said["at"]),
        visible=_instants(said["visible"]),
        hidden_from=_instants(said["hidden_from"]),
        entity_type=said["entity_type"],
    )


def _instants(said: Mapping[str, str]) -> dict[str, datetime]:
    return {source: datetime.fromisoformat(when) for source, when in said.items()}
