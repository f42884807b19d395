"""Traffic: waves of every kind of change, written into the ledger as they go out."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID
from zlib import crc32

from contracts import codec, subjects
from contracts.events import Event
from streams import topology
from tests import events as make
from tests.events import at, uid
from tests.faults.harness.lane import Lane
from tests.faults.harness.leaks import MESSAGE_HEADERS
from tests.faults.harness.ledger import Entry

PERSIST = topology.ENRICHED.name


def token(lane: Lane, *parts: object) -> str:
    """Texts of one length: a text that gets shorter would wait for a person."""
    return f"token {'-'.join(str(part) for part in parts)} of lane {lane.port}".ljust(80, ".")


def record(lane: Lane, name: str, minute: float, *, with_parts: bool = True) -> dict[str, Any]:
    """A record of the anime `name`, with a character and two episodes, each under a token of its own."""
    ledger, anime = lane.ledger, uid(lane.port, name)
    words = ledger.add(Entry(token(lane, name, "anime", minute), "anime", anime, minute, PERSIST))
    made: dict[str, Any] = {
        "anime": {
            "id": str(anime),
            "title": f"{name} of lane {lane.port}",
            "type": "TV",
            "status": "ONGOING",
            "genres": ["Drama"],
            "synopsis": words.token,
            "external_ids": {"mal": f"{lane.port}{crc32(name.encode())}"},
        },
        "characters": [],
        "episodes": [],
        "enrichment_metadata": {"source": "suite", "enriched_at": at(minute).isoformat()},
    }
    if with_parts:
        character = uid(lane.port, name, "character")
        told = ledger.add(Entry(token(lane, name, "character", minute), "character", character, minute, PERSIST))
        made["characters"].append(
            {"id": str(character), "name": f"Hero of {name}", "description": told.token, "roles": ["MAIN"]}
        )
        for number in (1, 2):
            episode = uid(lane.port, name, "episode", number)
            title = ledger.add(Entry(token(lane, name, "ep", number, minute), "episode", episode, minute, PERSIST))
            made["episodes"].append({"id": str(episode), "episode_number": number, "title": title.token})
    return made


async def hand_in(lane: Lane, *names: str, minute: float | None = None) -> dict[str, str]:
    """Records of these anime, handed in until each has its verdict."""
    now = lane.minutes() if minute is None else minute
    before = set(lane.ledger.entries)
    records = [record(lane, name, now) for name in names]
    new = [lane.ledger.entries[words] for words in lane.ledger.entries if words not in before]
    for entry in new:
        entry.sent += 1
    verdicts = await lane.ingest(records)
    for entry in new:
        entry.acknowledged = True
    for made in records:
        lane.ledger.records[UUID(made["anime"]["id"])] = True
    return verdicts


async def send(lane: Lane, subject: str, event: Event, entry: Entry | None) -> None:
    """Publish an event until it is confirmed, and write that down."""
    times = await lane.publish(subject, codec.encode(event), str(event.event_id))
    if entry is not None:
        entry.sent, entry.acknowledged, entry.event_id = times, True, event.event_id


async def change(lane: Lane, name: str) -> None:
    """A new synopsis for the anime `name`."""
    minute = lane.minutes()
    entry = Entry(token(lane, name, "upd", minute), "anime", uid(lane.port, name), minute, topology.UPDATED.name)
    event = make.updated("x", minute=minute, event_id=uid(lane.port, "event", minute), synopsis=entry.token)
    event = event.model_copy(update={"anime_id": entry.entity})
    await send(lane, subjects.ANIME_UPDATED, event, lane.ledger.add(entry))


async def air(lane: Lane, name: str, number: int) -> None:
    """Episode `number` of the anime `name` aired."""
    minute = lane.minutes()
    episode = uid(lane.port, name, "episode", number)
    entry = Entry(token(lane, name, "air", number, minute), "episode", episode, minute, topology.AIRED.name)
    event = make.aired(
        "x", number, minute=minute, event_id=uid(lane.port, "event", minute), id=episode, title=entry.token
    )
    event = event.model_copy(update={"anime_id": uid(lane.port, name)})
    await send(lane, subjects.EPISODE_AIRED, event, lane.ledger.add(entry))


async def refresh(lane: Lane, name: str) -> None:
    """A new description for the character of the anime `name`."""
    minute = lane.minutes()
    character = uid(lane.port, name, "character")
    entry = Entry(token(lane, name, "chr", minute), "character", character, minute, topology.CHARACTER_UPDATED.name)
    event = make.character_updated(
        "x", minute=minute, event_id=uid(lane.port, "event", minute), description=entry.token
    )
    event = event.model_copy(update={"character_id": character})
    await send(lane, subjects.CHARACTER_UPDATED, event, lane.ledger.add(entry))


async def refusable(lane: Lane, name: str) -> None:
    """What persist must refuse: a title that is taken away, and a record of an unknown anime without one."""
    minute = lane.minutes()
    untitled = make.updated("x", minute=minute, event_id=uid(lane.port, "refused", minute), title=None)
    untitled = untitled.model_copy(update={"anime_id": uid(lane.port, name)})
    nameless = make.enriched("x", minute=minute, event_id=uid(lane.port, "nameless", minute))
    assert nameless.anime is not None
    bare = nameless.anime.model_copy(update={"title": None})
    nameless = nameless.model_copy(update={"anime_id": uid(lane.port, "nameless", minute), "anime": bare})
    for subject, event in ((subjects.ANIME_UPDATED, untitled), (subjects.ANIME_ENRICHED, nameless)):
        lane.ledger.refused[event.event_id] = False
        await send(lane, subject, event, None)
        lane.ledger.refused[event.event_id] = True


async def poison(lane: Lane) -> None:
    """Bytes that are no message."""
    word = token(lane, "poison", lane.minutes())
    lane.ledger.poison[word] = False
    await lane.publish(subjects.ANIME_UPDATED, word.encode(), word, MESSAGE_HEADERS)
    lane.ledger.poison[word] = True


async def remove(lane: Lane, name: str) -> None:
    """Delete the anime `name`."""
    anime_id = uid(lane.port, name)
    lane.ledger.deleted[anime_id] = False
    await lane.delete(anime_id)
    lane.ledger.deleted[anime_id] = True


async def first_wave(lane: Lane) -> None:
    """What the next wave changes."""
    lane.wave = 1
    await hand_in(lane, "1a", "1b", "1c")


async def early(lane: Lane, name: str, minute: float) -> None:
    """A change of an anime that is handed in right after it; it waits for its anime, for some seconds at most."""
    await change(lane, name)
    await hand_in(lane, name, minute=minute)


async def next_wave(lane: Lane) -> None:
    """One of everything, all at once: new records and changed ones, an update that comes before its anime, changes of
    what the wave before has brought, a deletion, something to refuse, and poison."""
    lane.wave += 1
    now, before = lane.wave, lane.wave - 1
    minute = lane.minutes()
    await asyncio.gather(
        early(lane, f"{now}c", minute - 0.5),
        hand_in(lane, f"{now}a", f"{now}b", f"{before}a", minute=minute),
        change(lane, f"{before}b"),
        air(lane, f"{before}a", 3),
        refresh(lane, f"{before}b"),
        refusable(lane, f"{before}b"),
        poison(lane),
        remove(lane, f"{before}c"),
    )
