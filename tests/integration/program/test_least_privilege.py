"""The whole program in three processes, each with a login and a NATS user that may do just what its roles need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack

import asyncpg
import pytest

from streams import access
from streams.database.migrate import migrate
from tests.events import uid
from tests.integration.access.guarded_nats import guarded_nats, provisioned
from tests.integration.program.conftest import NewProgram
from tests.integration.program.records import record
from tests.integration.program.running import Program, running, until
from tests.servers import NewDatabase, temporary_folder

PARTS = {
    "rows": ("ingest", "persist", "relay", "letters"),
    "points": ("index", "search"),
    "looks": ("update",),
}


@pytest.fixture
async def parts(new_program: NewProgram, new_database: NewDatabase) -> AsyncIterator[dict[str, Program]]:
    """Three running programs by name."""
    owner = await new_database("template0")
    await migrate(owner)
    connection = await asyncpg.connect(owner)
    await connection.execute(access.roles_sql())
    for name, roles in PARTS.items():
        groups = ", ".join(f"echora_{role}" for role in roles)
        await connection.execute(f"DROP ROLE IF EXISTS test_{name}")
        await connection.execute(f"CREATE ROLE test_{name} LOGIN IN ROLE {groups}")
    await connection.close()
    with ExitStack() as stack:
        nats = stack.enter_context(guarded_nats({f"test_{name}": roles for name, roles in PARTS.items()}))
        await (await provisioned(nats)).close()
        programs = {
            name: new_program(
                stack.enter_context(temporary_folder()),
                ECHORA_ROLES=",".join(roles),
                ECHORA_SOURCES="world",
                NATS_URL=nats.url_of(f"test_{name}"),
                POSTGRES_URL=owner.replace("//echora@", f"//test_{name}@", 1),
            )
            for name, roles in PARTS.items()
        }
        yield {name: stack.enter_context(running(program)) for name, program in programs.items()}


async def test_least_privilege_is_enough(parts: dict[str, Program]) -> None:
    rows, points, looks = parts["rows"], parts["points"], parts["looks"]
    frieren = str(uid("Frieren"))
    summary = rows.ingest(record("Frieren", synopsis="An elf remembers a journey.", external_ids={"mal": "52991"}))
    assert summary["new"] == 1
    assert until(lambda: points.titles("an elf remembers", limit=1) == ["Frieren"])
    assert until(lambda: looks.json("schedule", "show", frieren)["schedules"])
    looks.json("schedule", "trigger", "metadata_refresh", frieren, "--why", "a test")
    # What the look finds goes through persist into the row.
    assert until(
        lambda: "mal" in rows.json("show", frieren)["anime"].get("statistics", {}) or _has_looked(looks, frieren)
    )
    assert until(lambda: rows.json("show", frieren)["version"] > 1)
    assert rows.json("dlq", "list")["letters"] == []
    assert looks.json("review", "list")["reviews"] == []
    assert rows.json("delete", frieren, "--yes")["id"] == frieren
    assert until(lambda: points.titles("an elf remembers", limit=1) == [])
    for program in parts.values():
        assert program.json("status")["problems"] == []
        assert "ermission" not in program.said, program.said


def _has_looked(looks: Program, anime_id: str) -> bool:
    rows = looks.json("schedule", "show", anime_id)["schedules"]
    return any(row["workflow"] == "metadata_refresh" and row.get("last_outcome") for row in rows)
