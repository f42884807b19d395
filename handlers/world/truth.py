"""The true history as JSON: what changed, when, and from when until when each service shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from handlers.world.changes import Change, NextAiring, Source
from handlers.world.world import World

Json = dict[str, Any]


def change_json(change: Change, world: World) -> Json:
    """One change. `hidden_from` says from when a service shows the next value of the same field instead, if known."""
    return {
        "id": str(change.id),
        "kind": change.kind.value,
        "entity_type": change.entity_type.value,
        "entity_id": str(change.entity_id),
        "title": change.title,
        "field": change.field,
        "old": _plain(change.old),
        "new": _plain(change.new),
        "at": change.at.isoformat(),
        "visible": {source.value: when.isoformat() for source, when in change.visible.items()},
        "hidden_from": {
            source.value: until.isoformat()
            for source in change.visible
            if (until := hidden_from(change, source, world)) is not None
        },
    }


def hidden_from(change: Change, source: Source, world: World) -> datetime | None:
    """From when `source` shows something newer in this field; None while nothing newer is simulated.

    Episodes are added and never replaced, so nothing hides them.
    """
    if change.field in ("episodes", "record"):
        return None
    shown = world.history.shown(source, change.entity_id)
    of_field = [(when, other) for when, other in shown if other.field == change.field]
    mine = next((at for at, (_, other) in enumerate(of_field) if other.id == change.id), None)
    return None if mine is None or mine + 1 == len(of_field) else of_field[mine + 1][0]


def _plain(value: Any) -> Any:
    if isinstance(value, NextAiring):
        return {"number": value.number, "at": value.at.isoformat()}
    return to_jsonable_python(value, exclude_none=True)
