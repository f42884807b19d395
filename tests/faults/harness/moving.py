"""Errands of a catalogue that moves: a snapshot is taken, and brought into an empty database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from contracts.errors import Refused
from handlers.snapshot.format import Reader
from handlers.snapshot.write import snapshot
from streams.asyncapi import contracts_version
from tests.faults.harness.errands import Errand
from tests.faults.harness.judge import points
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Judgement
from tests.faults.harness.traffic import hand_in

PATIENCE_S: Final = 90.0
BEFORE: Final = b"the snapshot before\n"
RECORDS: Final = 12
_NUMBERS = count(1)


@dataclass(slots=True)
class Move:
    """A file, and what it must hold in the end; `seen` are sentences about what was wrong on the way."""

    file: Path
    whole: list[bytes]
    seen: list[str]


def taking() -> Errand:
    """`echora snapshot FILE --overwrite`, of a program that goes on."""
    return Errand("snapshot", ("streams/http/snapshot.py", "handlers/snapshot"), _to_take, _take, _taken)


def bringing() -> Errand:
    """`echora restore FILE` into an empty database."""
    within = ("streams/http/snapshot.py", "handlers/snapshot")
    return Errand("restore", within, _to_bring, _bring, _brought, is_judged=False)


async def contents(lane: Lane) -> list[bytes]:
    """The lines of a snapshot that the suite takes itself, but for the header, which bears the time."""
    now = datetime.now(UTC)
    whole = b"".join([chunk async for chunk in snapshot(lane.rows, now, contracts=contracts_version(), schema="")])
    return whole.splitlines()[1:]


# --- the command -------------------------------------------------------------------------------------------------


async def _command(lane: Lane, words: Sequence[str], faults: Sequence[Mapping[str, Any]]) -> tuple[int | None, Any]:
    """Run `echora` to its end; its code, None when it was killed, and what it passed."""
    child = await lane.command(*words, faults=faults)
    await child.ended(PATIENCE_S)
    return child.code, child


async def _again_and_again(
    lane: Lane, move: Move, words: Sequence[str], faults: Sequence[Mapping[str, Any]], look: Any
) -> dict[str, int]:
    """Repeat the command until it ends well; each time it did not, `look` at what that left. What the first passed."""
    first: dict[str, int] | None = None
    async with asyncio.timeout(PATIENCE_S):
        while True:
            code, child = await _command(lane, words, faults)
            # One that was killed passed whatever it was killed at, and says no more.
            first = (child.stop_counts if code is not None else {}) if first is None else first
            faults = ()
            if code == 0 or await look(lane, move, code, child.said):
                return first
            await asyncio.sleep(0.2)


# --- a snapshot is taken -----------------------------------------------------------------------------------------


async def _to_take(lane: Lane) -> Move:
    await lane.drained()
    file = lane.folder.parent / f"{lane.folder.name.rstrip(chr(39))}-{next(_NUMBERS)}.jsonl"
    file.write_bytes(BEFORE)
    lane.stack.callback(file.unlink, missing_ok=True)
    return Move(file, await contents(lane), [])


async def _take(lane: Lane, move: Move, faults: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return await _again_and_again(lane, move, ["snapshot", str(move.file), "--overwrite", "--json"], faults, _still)


async def _still(lane: Lane, move: Move, code: int | None, said: str) -> bool:
    """After a failure the file is what it was, or whole."""
    held = move.file.read_bytes()
    if held != BEFORE and not _is_whole(held):
        move.seen.append(f"stale: after an end with {code} the file has its name and is not whole ({len(held)} bytes)")
    if "Traceback" in said:
        move.seen.append(f"stuck: the command ended in a traceback: {said[-800:]}")
    await _serves(lane, move)
    return False


async def _serves(lane: Lane, move: Move) -> None:
    """A command that was killed is nothing to the program."""
    if lane.program.ready.is_set() and not lane.program.gone.is_set():
        with suppress(OSError, ConnectionError):
            async with lane.http() as http:
                answer = await http.get("/search", params={"q": "anything"})
            if answer.status_code != 200:
                move.seen.append(f"stuck: a search is answered with {answer.status_code} {answer.text[:200]}")


async def _taken(lane: Lane, move: Move) -> list[str]:
    held, beside = move.file.read_bytes(), move.file.with_name(move.file.name + ".part")
    found = list(move.seen)
    if not _is_whole(held):
        found.append("lost: what was written in the end is no whole snapshot")
    elif held.splitlines()[1:] != move.whole:
        found.append("stale: the snapshot is not what the database holds")
    if beside.exists():
        found.append(f"stuck: {beside.name} is left after a good end")
    return found


def _is_whole(held: bytes) -> bool:
    reader = Reader()
    try:
        for line in held.splitlines(keepends=True):
            reader.take(line)
        reader.finish()
    except Refused:
        return False
    return True


# --- and brought in ------------------------------------------------------------------------------------------------


async def _to_bring(lane: Lane) -> Move:
    """What stands is taken into a file, then everything is empty; the second time the file is there already."""
    file = lane.folder.parent / f"{lane.folder.name.rstrip(chr(39))}-restored.jsonl"
    if not file.exists():
        await hand_in(lane, *(f"moves {number}" for number in range(RECORDS)))
        await lane.drained()
        await _command(lane, ["snapshot", str(file), "--json"], ())
        lane.stack.callback(file.unlink, missing_ok=True)
    whole = file.read_bytes()
    assert _is_whole(whole)
    if await lane.rows.fetchval("SELECT EXISTS (SELECT FROM anime)"):
        await lane.program.stopped()
        await lane.empty()
        await lane.start()
    return Move(file, whole.splitlines()[1:], [])


async def _bring(lane: Lane, move: Move, faults: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return await _again_and_again(lane, move, ["restore", str(move.file), "--json"], faults, _all_or_nothing)


async def _all_or_nothing(lane: Lane, move: Move, code: int | None, said: str) -> bool:
    """After a failure the database holds nothing or everything; with everything, a repetition ends well."""
    rows = await lane.rows.fetchval("SELECT count(*) FROM anime")
    if rows and await contents(lane) != move.whole:
        move.seen.append(f"stale: after an end with {code} the database holds a part: {rows} anime")
    if "Traceback" in said:
        move.seen.append(f"stuck: the command ended in a traceback: {said[-800:]}")
    is_refused = any(words in said for words in ("the database is not empty", "the catalogue has changed since"))
    if is_refused:
        move.seen.append(f"stuck: the database holds {rows} anime of this file, and asking again is refused: {said}")
    return is_refused


async def _brought(lane: Lane, move: Move) -> list[str]:
    said = Judgement()
    await points(lane, said)
    found = move.seen + said.faults
    if await contents(lane) != move.whole:
        found.append("stale: what came in is not what went out")
    return found + [f"stale: {words}" for words in await lane.program.ask("wrong vectors")]
