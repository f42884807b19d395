"""The judge: compares the ledger with what the database wrote down itself, with the index and with dead letters."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from nats.js.errors import NotFoundError

from contracts import codec
from contracts.events import DeadLetterEvent
from handlers.index.document import SYNOPSIS_SHOWN_CHARS
from streams import topology
from tests.faults.harness.fates import Evidence, Shown, fate, gone_back
from tests.faults.harness.lane import Lane
from tests.faults.harness.leaks import found_in
from tests.faults.harness.ledger import Entry, Judgement, Key

# Each change of the value that carries the token, by the version that brought it.
_SHOWN = """
    SELECT relation, entity, number, token FROM (
        SELECT *, lag(token) OVER (PARTITION BY relation, entity ORDER BY number) AS before FROM fault_audit
    ) AS steps WHERE token IS DISTINCT FROM before AND token IS NOT NULL ORDER BY number"""
# A character's version also stands for where it appears, which its row does not hold. It says so then, and there are no
# more of these than links that came after the first and links that a deletion took.
_IDLE = """
    WITH idle AS (
        SELECT relation, entity, version, EXISTS (
            SELECT FROM outbox AS o
            WHERE o.entity_type = relation AND o.entity_id = entity AND o.version = steps.version
                AND 'anime_ids' = ANY (o.changed_fields)
        ) AS is_of_links
        FROM (
            SELECT *, lag(body) OVER (PARTITION BY relation, entity ORDER BY number) AS before FROM fault_audit
        ) AS steps WHERE body = before
    )
    SELECT relation, entity, version FROM idle WHERE NOT is_of_links
    UNION ALL
    SELECT relation, entity, max(version) FROM idle WHERE is_of_links GROUP BY relation, entity
    HAVING count(*) > (
        SELECT count(*) - 1 + count(anime.deleted_at)
        FROM anime_character AS link JOIN anime ON anime.id = link.anime_id
        WHERE link.character_id = idle.entity
    )"""
_UNTOLD = """
    SELECT a.relation, a.entity, a.version, count(o.id) AS told FROM fault_audit AS a
    LEFT JOIN outbox AS o ON o.entity_type = a.relation AND o.entity_id = a.entity AND o.version = a.version
        AND o.op IS NOT NULL
    GROUP BY a.relation, a.entity, a.version HAVING count(o.id) <> 1 OR count(DISTINCT a.number) <> 1"""
_NOW = """
    SELECT 'anime' AS relation, id, synopsis AS token, deleted_at IS NOT NULL AS gone FROM anime
    UNION ALL SELECT 'character', id, description, deleted_at IS NOT NULL FROM character
    UNION ALL SELECT 'episode', id, title, deleted_at IS NOT NULL FROM episode"""
_POINTS = """
    SELECT a.id, a.version + coalesce((SELECT sum(version) FROM episode WHERE anime_id = a.id), 0)::bigint AS version,
           a.synopsis AS words, a.title FROM anime AS a WHERE deleted_at IS NULL
    UNION ALL SELECT id, version, description, name FROM character WHERE deleted_at IS NULL"""
_CLAIMED = "SELECT consumer, event_id FROM inbox"
_PLACES = "SELECT consumer, event_id, min(place) AS place FROM fault_claim GROUP BY 1, 2"
_REVIEWS = "SELECT event_id, string_agg(field || ' ' || state, ', ') AS words FROM review GROUP BY 1"
_TWICE = "SELECT consumer, event_id, count(*) AS times FROM fault_claim GROUP BY 1, 2 HAVING count(*) > 1"
_VERDICTS = "SELECT event_id, anime_id, verdict FROM ingestion_entries"
DEAD_LETTERS_MAX = 1_000_000


# A server counts what waits a moment after it has confirmed it, so what looks lost or stale may be about to arrive.
SECOND_LOOKS_S = 5.0
# What the schedule's own comparison says when it found something.
MENDED = '"event": "timers repaired"'

LOOK_EVERY_S = 0.25


async def judge(
    lane: Lane, *, drain_s: float = 30.0, second_looks_s: float = SECOND_LOOKS_S, told_again: bool = False
) -> Judgement:
    """Wait until nothing moves, then hold everything against the ledger.

    `told_again` allows that a version is told more than once, which is how the program mends what others have lost.
    """
    said = await _look(lane, await lane.drained(drain_s), told_again=told_again)
    with suppress(TimeoutError):
        async with asyncio.timeout(second_looks_s) as limit:
            # Asked too, because the client library may swallow the cancellation that ends it: 100,000 letters are
            # read in a minute, and one judgement went round for half an hour.
            while (said.lost or said.stale) and not limit.expired():
                await asyncio.sleep(LOOK_EVERY_S)
                said = await _look(lane, said.stuck, told_again=told_again)
    return said


async def _look(lane: Lane, stuck: list[str], *, told_again: bool) -> Judgement:
    said = Judgement(stuck=list(stuck))
    said.sent = sum(entry.sent for entry in lane.ledger.entries.values()) + len(lane.ledger.poison)
    said.acknowledged = sum(entry.acknowledged for entry in lane.ledger.entries.values())
    await _rows(lane, said, told_again=told_again)
    await _claims(lane, said)
    await _verdicts(lane, said)
    await _letters(lane, said)
    await points(lane, said)
    said.leaked += found_in("the log", lane.program.said.encode())
    if MENDED in lane.program.said:
        said.stale.append("rows and timers had come apart, and the comparison after the start had to mend them")
    return said


async def _rows(lane: Lane, said: Judgement, *, told_again: bool) -> None:
    newest = lane.ledger.newest()
    standing = {(row["relation"], row["id"]): row for row in await lane.rows.fetch(_NOW)}
    for key, entry in newest.items():
        row = standing.get(key)
        if row is None:
            said.lost.append(f"{entry.relation} {entry.entity} has no row, though “{_short(entry)}” was acknowledged")
        elif not _is_as_new(lane, row["token"], entry) and not row["gone"]:
            said.stale.append(f"{entry.relation} {entry.entity} holds “{row['token']}”, not “{_short(entry)}”")
    for anime_id, is_safe in lane.ledger.deleted.items():
        row = standing.get(("anime", anime_id))
        if is_safe and (row is None or not row["gone"]):
            said.lost.append(f"anime {anime_id} was deleted and is there")
    await _fates(lane, said, frozenset(key for key, row in standing.items() if row["gone"]))
    for row in await lane.rows.fetch(_IDLE):
        said.doubled.append(f"{row['relation']} {row['entity']}: version {row['version']} changed nothing")
    for row in await lane.rows.fetch(_UNTOLD):
        kind = said.lost if row["told"] == 0 else said.doubled
        if kind is said.lost or not told_again:
            kind.append(f"{row['relation']} {row['entity']} version {row['version']} has {row['told']} outbox rows")


async def _fates(lane: Lane, said: Judgement, gone: frozenset[Key]) -> None:
    entries, evidence = lane.ledger.entries, await _evidence(lane, gone)
    for entry in entries.values():
        found = fate(entry, entries, evidence)
        said.applied += found.times > 0
        said.superseded += found.superseded_by is not None
        if found.times > 1:
            said.doubled.append(f"“{_short(entry)}” took effect {found.times} times")
        if found.lost:
            said.lost.append(found.lost)
    said.stale += gone_back(entries, evidence)


async def _evidence(lane: Lane, gone: frozenset[Key]) -> Evidence:
    shown: dict[Key, list[Shown]] = {}
    for row in await lane.rows.fetch(_SHOWN):
        shown.setdefault((row["relation"], row["entity"]), []).append(Shown(row["number"], row["token"]))
    return Evidence(
        shown,
        {(row["consumer"], row["event_id"]): row["place"] for row in await lane.rows.fetch(_PLACES)},
        {row["event_id"]: row["words"] for row in await lane.rows.fetch(_REVIEWS)},
        gone,
    )


async def _claims(lane: Lane, said: Judgement) -> None:
    claimed = {(row["consumer"], row["event_id"]) for row in await lane.rows.fetch(_CLAIMED)}
    for entry in lane.ledger.entries.values():
        if entry.acknowledged and entry.event_id and (entry.consumer, entry.event_id) not in claimed:
            said.doubled.append(f"“{_short(entry)}” has no inbox row: nothing keeps a second delivery out")

    for row in await lane.rows.fetch(_TWICE):
        said.doubled.append(f"{row['consumer']} took event {row['event_id']} {row['times']} times")


async def _verdicts(lane: Lane, said: Judgement) -> None:
    for row in await lane.rows.fetch(_VERDICTS):
        if row["verdict"] is None:
            said.stuck.append(f"record of anime {row['anime_id']} (event {row['event_id']}) has no verdict")
        elif row["verdict"] == "unchanged":
            said.doubled.append(f"record of anime {row['anime_id']} was taken twice: its verdict is unchanged")


async def _letters(lane: Lane, said: Judgement) -> None:
    letters = await dead_letters(lane)
    said.dead_letters = len(letters)
    seen: set[tuple[str, int]] = set()
    buried: set[str | UUID] = set()
    for letter in letters:
        place = (letter.consumer, letter.stream_sequence)
        if place in seen:
            said.doubled.append(f"{place} has two dead letters")
        seen.add(place)
        event = codec.decode(letter.subject, letter.payload)
        name: str | UUID = getattr(event, "event_id", None) or letter.payload.decode(errors="replace")
        buried.add(name)
        if name not in lane.ledger.refused and name not in lane.ledger.poison:
            said.lost.append(f"{letter.subject} {name} is a dead letter: {letter.error[:300]}")
    for wanted in (lane.ledger.refused, lane.ledger.poison):
        said.lost += [
            f"{name} has no dead letter" for name, is_safe in wanted.items() if is_safe and name not in buried
        ]


async def dead_letters(lane: Lane) -> list[DeadLetterEvent]:
    """Every dead letter that there is."""
    try:
        state = (await lane.jetstream.stream_info(topology.DEAD_LETTERS.name)).state
    except NotFoundError:
        return []
    found: list[DeadLetterEvent] = []
    if not state.messages:
        return found
    subscription = await lane.jetstream.pull_subscribe("anime.dlq.>", stream=topology.DEAD_LETTERS.name)
    try:
        while len(found) < min(state.messages, DEAD_LETTERS_MAX):
            for message in await subscription.fetch(500, timeout=5):
                letter = codec.decode(message.subject, message.data)
                assert isinstance(letter, DeadLetterEvent), letter
                found.append(letter)
                await message.ack()
    finally:
        await subscription.unsubscribe()
    return found


async def points(lane: Lane, said: Judgement) -> None:
    """Hold the index against the rows."""
    try:
        there: dict[str, dict[str, Any]] = await lane.program.ask("points")
    except RuntimeError as error:  # The index is gone and not made again yet; a second look may find it.
        said.lost.append(f"the index cannot be read: {error}")
        return
    rows = {str(row["id"]): row for row in await lane.rows.fetch(_POINTS)}
    for point_id in there.keys() - rows.keys():
        said.stale.append(f"the index holds {point_id}, which has no living row")
    for point_id in rows.keys() - there.keys():
        said.lost.append(f"{rows[point_id]['title']} ({point_id}) is not in the index")
    for point_id in rows.keys() & there.keys():
        row, point = rows[point_id], there[point_id]
        held = (point.get("version"), point.get("title"), point.get("synopsis"), point.get("model"))
        words = row["words"][:SYNOPSIS_SHOWN_CHARS] if row["words"] else None
        wanted = (row["version"], row["title"], words, lane.model)
        if held != wanted:
            said.stale.append(f"the index has {held} of {point_id}, the row says {wanted}")


def _is_as_new(lane: Lane, token: str, entry: Entry) -> bool:
    """Whether it is that change, or a later one, also one whose confirmation we did not wait for."""
    held = lane.ledger.entries.get(token)
    return held is not None and held.entity == entry.entity and held.minute >= entry.minute


def _short(entry: Entry) -> str:
    return entry.token.rstrip(".")
