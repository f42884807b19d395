"""The whole program in three processes, each with a login and a NATS user that may do just what its roles need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass

import asyncpg
import pytest
from nats.aio.client import Client

from contracts import codec, subjects
from streams import access, topology
from streams.database.migrate import migrate
from tests.events import uid, updated
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


@dataclass(frozen=True, slots=True)
class Parts:
    """Three running programs, and the administrator of their NATS, who may publish whatever he likes."""

    rows: Program
    points: Program
    looks: Program
    admin: Client

    async def send(self, subject: str, payload: bytes) -> None:
        await self.admin.jetstream(timeout=10).publish(subject, payload, stream=topology.EVENTS.name)


@pytest.fixture
async def parts(new_program: NewProgram, new_database: NewDatabase) -> AsyncIterator[Parts]:
    """Each part runs with what its roles may do."""
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
        admin = await provisioned(nats)
        programs = {
            name: new_program(
                stack.enter_context(temporary_folder()),
                ECHORA_ROLES=",".join(roles),
                ECHORA_SOURCES="world",
                REVIEW_EXPIRY_DAYS="3650",  # What the test tells is of long ago.
                NATS_URL=nats.url_of(f"test_{name}"),
                POSTGRES_URL=owner.replace("//echora@", f"//test_{name}@", 1),
            )
            for name, roles in PARTS.items()
        }
        yield Parts(**{name: stack.enter_context(running(program)) for name, program in programs.items()}, admin=admin)
        await admin.close()


async def test_least_privilege_is_enough(parts: Parts) -> None:
    rows, points, looks = parts.rows, parts.points, parts.looks
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
    await _a_change_is_decided(parts)
    await _a_letter_is_decided(parts)
    _a_look_is_paused(looks, frieren)
    assert sum(rows.json("republish", "--since", "1h")["messages"].values()) > 0
    assert points.json("reconcile")["left"] == 0
    assert points.json("reindex")["is_done"]
    assert rows.json("delete", frieren, "--yes")["id"] == frieren
    assert until(lambda: points.titles("an elf remembers", limit=1) == [])
    for program in (rows, points, looks):
        assert program.json("status")["problems"] == []
        assert "ermission" not in program.said, program.said


async def _a_change_is_decided(parts: Parts) -> None:
    """A text that gets much shorter waits; it is applied, taken back, and another time rejected."""
    looks = parts.looks
    for minute, words in ((5, "What stood there".ljust(90, ".")), (6, "Cut")):
        await parts.send(subjects.ANIME_UPDATED, codec.encode(updated("Frieren", minute=minute, title_english=words)))
        assert until(lambda: _is_idle(parts.rows))
    assert until(lambda: looks.json("review", "list")["reviews"])
    (review,) = looks.json("review", "list")["reviews"]
    for act in ("approve", "undo"):
        looks.json("review", act, review["id"], "--by", "a test", "--reason", "a test")


def _is_idle(program: Program) -> bool:
    """Whether persist has nothing left to do."""
    consumers = {one["name"]: one for one in program.json("status")["consumers"]}
    held = consumers[topology.UPDATED.name]
    return (held["lag"], held["in_flight"]) == (0, 0)


async def _a_letter_is_decided(parts: Parts) -> None:
    """What cannot be read is sent again, comes back, and is dropped."""
    rows = parts.rows
    await parts.send(subjects.ANIME_UPDATED, b"no event")
    assert until(lambda: rows.json("dlq", "list")["letters"])
    (letter,) = rows.json("dlq", "list")["letters"]
    assert rows.json("dlq", "replay", letter["id"])["done"] == 1
    assert until(lambda: [one["replays"] for one in rows.json("dlq", "list")["letters"]] == [1])
    assert rows.json("dlq", "drop", "--all", "--reason", "a test")["done"] == 1


def _a_look_is_paused(looks: Program, anime_id: str) -> None:
    looks.json("schedule", "pause", "metadata_refresh", anime_id, "--reason", "a test")
    looks.json("schedule", "resume", "metadata_refresh", anime_id)
    looks.json("schedule", "policy", "metadata_refresh", anime_id, "--set", "retries_max=5")
    looks.json("schedule", "policy", "metadata_refresh", anime_id, "--reset")


def _has_looked(looks: Program, anime_id: str) -> bool:
    rows = looks.json("schedule", "show", anime_id)["schedules"]
    return any(row["workflow"] == "metadata_refresh" and row.get("last_outcome") for row in rows)
