"""A fixed story: the same events in every lane, so that two ends of it can be compared byte for byte."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts import codec, subjects
from contracts.events import Event
from tests import events as make
from tests.events import uid
from tests.faults.harness.lane import Lane

_TABLES: Final = (
    *("anime", "character", "episode", "source_material", "company"),
    *("anime_reference", "character_reference", "anime_character", "anime_relation"),
    *("anime_source_material_relation", "anime_company", "anime_broadcast", "anime_hiatus", "episode_airing"),
)
_APART: Final = ("version", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Told:
    """One event and its subject."""

    subject: str
    event: Event


def story(dice: random.Random, anime: int, changes: int) -> list[Told]:
    """Records, then changes of every kind, each observed a minute after the one before."""
    return [_record(number) for number in range(anime)] + [_change(dice, number, anime) for number in range(changes)]


def _record(number: int) -> Told:
    name = f"story {number}"
    event = make.enriched(
        name,
        minute=number,
        event_id=uid("story record", number),
        type="TV",
        status="ONGOING",
        synopsis=f"The story of {number}.".ljust(60, "."),
        genres=["Drama", f"Genre {number % 7}"],
        external_ids={"mal": str(number)},
        characters=[{"id": str(uid(name, "hero")), "name": f"Hero {number}", "roles": ["MAIN"]}],
        episodes=[{"episode_number": 1, "title": "Begin"}, {"episode_number": 2, "title": "Go on"}],
    )
    return Told(subjects.ANIME_ENRICHED, event)


def _change(dice: random.Random, number: int, anime: int) -> Told:
    name = f"story {dice.randrange(anime)}"
    common: dict[str, Any] = {"minute": 1_000 + number, "event_id": uid("story change", number)}
    match dice.randrange(8):
        case 0 | 1:
            words = f"Change {number} of the story.".ljust(60, ".")
            return Told(subjects.ANIME_UPDATED, make.updated(name, **common, synopsis=words))
        case 2:
            ids = {"anilist": f"{number}", "kitsu": f"{number}"}
            return Told(subjects.ANIME_UPDATED, make.updated(name, **common, external_ids=ids))
        case 3:
            figures = {dice.choice(("mal", "anilist")): {"score": 1 + number % 9, "scored_by": number}}
            return Told(subjects.ANIME_UPDATED, make.updated(name, **common, statistics=figures))
        case 4:
            return Told(subjects.ANIME_UPDATED, make.updated(name, **common, genres=["Drama", f"Added {number}"]))
        case 5 | 6:
            aired = make.aired(name, dice.randrange(1, 9), **common, title=f"Title {number}")
            return Told(subjects.EPISODE_AIRED, aired)
        case _:
            event = make.character_updated("x", **common, description=f"Change {number} of a hero.".ljust(60, "."))
            return Told(subjects.CHARACTER_UPDATED, event.model_copy(update={"character_id": uid(name, "hero")}))


async def tell(lane: Lane, told: Sequence[Told], copy: int = 1) -> None:
    """Publish in this order. Another copy has another message id, so that no window of the server drops it."""
    for one in told:
        await lane.publish(one.subject, codec.encode(one.event), f"{one.event.event_id}#{copy}")


async def end_of(lane: Lane) -> dict[str, list[str]]:
    """What stands in the end, but for versions, row ids and clocks: every row of the catalogue, and every point."""
    found: dict[str, list[str]] = {}
    for table in _TABLES:
        rows = await lane.rows.fetch(f"SELECT to_jsonb(t) - $1::text[] AS body FROM {table} AS t", list(_APART))
        found[table] = sorted(row["body"] for row in rows)
    points: dict[str, dict[str, Any]] = await lane.program.ask("points")
    found["points"] = sorted(
        json.dumps({"id": key, **{name: value for name, value in point.items() if name != "version"}}, sort_keys=True)
        for key, point in points.items()
    )
    return found


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """Where two ends differ, a few of each table."""
    found: list[str] = []
    for table, rows in one.items():
        only, missing = sorted(set(rows) - set(other[table])), sorted(set(other[table]) - set(rows))
        found += [f"{table}: {only[:2]} against {missing[:2]}"] if only or missing else []
        if not (only or missing) and rows != other[table]:
            found.append(f"{table}: {len(rows)} rows against {len(other[table])}")
    return found
