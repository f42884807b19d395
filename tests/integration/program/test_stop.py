"""Ctrl-C and kill -9: nothing that was accepted is lost, and nobody is left behind."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.program.conftest import NewProgram
from tests.integration.program.records import record
from tests.integration.program.running import Program, running, until
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


def test_after_kill_9_everything_accepted_is_there(killed: Program, new_program: NewProgram) -> None:
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
        assert program.interrupt() == 130
        assert until(lambda: not program.left(), 15), f"processes are left: {program.left()}"
        assert list((program.home / "run").glob("*.pid.json")) == []
        assert "Traceback" not in program.said
