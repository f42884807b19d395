"""The roles in two processes that share a NATS and a PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from tests.events import uid
from tests.integration.program.conftest import NewProgram
from tests.integration.program.records import record
from tests.integration.program.running import Program, running, until
from tests.servers import NewDatabase, running_nats, temporary_folder, temporary_home


@pytest.fixture
async def halves(new_program: NewProgram, new_database: NewDatabase) -> AsyncIterator[tuple[Program, Program]]:
    """Two running programs, one with the database's roles, one with the index's."""
    with ExitStack() as stack:
        home = stack.enter_context(temporary_home())
        nats = stack.enter_context(running_nats(home, payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX))
        servers = {"NATS_URL": nats.url, "POSTGRES_URL": await new_database("template0")}
        programs = [
            new_program(stack.enter_context(temporary_folder()), ECHORA_ROLES=roles, **servers)
            for roles in ("persist,relay,ingest", "index,search")
        ]
        yield (stack.enter_context(running(programs[0])), stack.enter_context(running(programs[1])))


async def test_two_processes_are_one_program(halves: tuple[Program, Program]) -> None:
    rows, index = halves
    words = "a cartographer draws a coast that moves every night"
    summary = rows.ingest(record("Moving coast", synopsis=words, year=2018))
    assert summary["new"] == 1
    assert until(lambda: index.titles(words, limit=1, year="2018") == ["Moving coast"])
    for program in halves:
        assert program.json("show", str(uid("Moving coast")))["anime"]["synopsis"] == words
    assert rows.json("delete", str(uid("Moving coast")), "--yes")["id"] == str(uid("Moving coast"))
    assert until(lambda: index.titles(words) == [])
    assert rows.status()["roles"] != index.status()["roles"]
    assert rows.status()["index"] is None
    # Each says which of the two to ask.
    asked = rows.get("/search", q=words)
    assert (asked.status_code, "`search`" in asked.json()["detail"]) == (503, True)
    refused = index.echora("ingest", str(rows.folder / "records.jsonl"))
    assert refused.returncode == 1
    assert "`ingest`" in refused.stderr
    consumers = {one["name"]: one["last_progress_age_s"] for one in rows.status()["consumers"]}
    assert consumers["postgres-consumer"] is not None
    assert consumers["qdrant-consumer"] is None
    for program in halves:
        assert program.interrupt() == 130
        assert "Traceback" not in program.said
