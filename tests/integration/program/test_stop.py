"""Ctrl-C and kill -9: nothing that was accepted is lost, and nobody is left behind."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator

import pytest

from contracts.payload_index import packaged_payload_index
from handlers.embedding.minilm import HIDDEN as DIMENSIONS
from handlers.embedding.minilm import MODEL
from handlers.index.edge import EdgeIndex
from handlers.index.filters import SearchFilters
from handlers.index.space import VectorSpace
from tests.events import aired, at, uid
from tests.integration.program.conftest import NewProgram
from tests.integration.program.records import record
from tests.integration.program.running import Program, running, until
from tests.integration.program.wire import wire
from tests.servers import temporary_folder

RECORDS = 150
ACCEPTED = 20


@pytest.fixture(scope="module")
def killed(new_program: NewProgram) -> Iterator[Program]:
    """A program that was killed with -9 while it took records, when some of them had been accepted."""
    with temporary_folder() as folder, running(new_program(folder)) as program:
        path = folder / "many.jsonl"
        many = (record(f"Kept {number}", synopsis=f"Story {number}. " * 5) for number in range(RECORDS))
        path.write_text("".join(json.dumps(one) + "\n" for one in many))
        command = program.command("ingest", str(path))
        quiet = subprocess.DEVNULL
        sending = subprocess.Popen(command, env=program.command_environment(), cwd=folder, stdout=quiet, stderr=quiet)
        assert until(lambda: stored(program) >= ACCEPTED)
        program.kill()
        assert sending.wait(60) != 0
        yield program


def stored(program: Program) -> int:
    """How many records persist has decided: two events for each go through the stream, the record and its creation."""
    streams = {one["name"]: one["messages"] for one in program.status()["streams"]}
    return int(streams["ANIME_EVENTS"]) // 2


async def test_after_kill_9_everything_accepted_is_there(killed: Program, new_program: NewProgram) -> None:
    with running(Program(killed.folder, killed.settings)) as program:
        assert until(lambda: not killed.left(), 15), f"servers of the killed run are left: {killed.left()}"
        summary = program.json("ingest", str(program.folder / "many.jsonl"))
        assert (summary["new"] + summary["unchanged"], summary["refused"]) == (RECORDS, 0)
        assert summary["unchanged"] >= ACCEPTED
        again = program.json("ingest", str(program.folder / "many.jsonl"))
        assert again["unchanged"] == RECORDS
        program.settle()
        assert program.status()["index"]["points"] == RECORDS
        assert program.dead_letters() == 0
        async with wire(program) as behind:
            await behind.send("anime.episode.aired", aired("Kept 1", 7))
        program.settle()
        assert program.interrupt() == 130
        assert until(lambda: not program.left(), 15), f"processes are left: {program.left()}"
        assert list((program.home / "run").glob("*.pid.json")) == []
        assert "Traceback" not in program.said
        await look_into_the_index(program)


async def look_into_the_index(program: Program) -> None:
    """What the ended program left in its index, read as the next start will read it."""
    space = VectorSpace(f"{MODEL}#int8.v1", DIMENSIONS)
    index = EdgeIndex(program.home / "index", space, packaged_payload_index())
    await index.prepare()
    try:
        ids = [uid(f"Kept {number}") for number in range(RECORDS)]
        stored = await index.stored(ids)
        assert len(stored) == RECORDS
        # The episode changed the payload of one point and the text of none.
        assert stored[ids[1]].version > stored[ids[2]].version
        expected = hashlib.sha256(f"Kept 1\n{'Story 1. ' * 5}".encode()).hexdigest()
        assert stored[ids[1]].text_sha256 == expected
        hits = await index.search([1.0] + [0.0] * (DIMENSIONS - 1), SearchFilters(), RECORDS)
        payload = next(hit.payload for hit in hits if hit.id == ids[1])
        assert (payload["last_episode"], payload["last_aired"]) == (7, at(1).isoformat())
    finally:
        await index.close()
