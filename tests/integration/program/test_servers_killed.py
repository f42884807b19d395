"""An embedded server killed with -9 while the program works: it comes back, and nothing is lost or put aside."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from tests.events import uid
from tests.integration.program.records import record
from tests.integration.program.running import Program, until
from tests.integration.program.wire import wire

RECORDS = 120


def handled(program: Program) -> int:
    """How many events the stream has taken: it grows as soon as an ingest is under way."""
    return next(int(one["last_sequence"]) for one in program.status()["streams"] if one["name"] == "ANIME_EVENTS")


@pytest.mark.parametrize("server", ["nats", "postgres"])
async def test_a_killed_server_costs_nothing(program: Program, server: str) -> None:
    program.settle()
    letters, points, killed = program.dead_letters(), program.status()["index"]["points"], program.server_pid(server)
    before = handled(program)
    names = [f"Through the death of {server} {number}" for number in range(RECORDS)]
    path = program.folder / f"{server}.jsonl"
    path.write_text("".join(json.dumps(record(name, synopsis=f"Story of {name}.")) + "\n" for name in names))
    command = program.command("ingest", str(path), "--json")
    with (
        (program.folder / f"{server}.json").open("wb") as answer,
        subprocess.Popen(command, env=program.command_environment(), stdout=answer) as sending,
    ):
        assert until(lambda: handled(program) > before)
        os.kill(killed, signal.SIGKILL)
        code = sending.wait(120)
    assert until(lambda: program.server_pid(server) != killed)
    assert code == 0, program.said
    summary = json.loads((program.folder / f"{server}.json").read_text())
    assert (code, summary["new"], summary["refused"], summary["undecided"]) == (0, RECORDS, 0, 0), summary
    assert until(program.ready)
    program.settle()
    assert program.dead_letters() == letters
    assert program.status()["index"]["points"] == points + RECORDS
    async with wire(program) as behind:
        ids = [uid(name) for name in names]
        assert await behind.rows.fetchval("SELECT count(*) FROM anime WHERE id = ANY ($1)", ids) == RECORDS
    assert f'"server": "{server}"' in program.said
    assert "Traceback" not in program.said, program.said
