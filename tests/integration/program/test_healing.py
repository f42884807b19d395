"""What is taken away from the running program comes back by itself."""

from __future__ import annotations

import shutil

from handlers.embedding.minilm import MODEL
from tests.events import uid
from tests.integration.program.records import record
from tests.integration.program.running import Program, until
from tests.integration.program.wire import wire

NAMES = [f"The Heron of Pond {number}" for number in range(30)]


async def test_what_the_index_lost_is_found_and_repaired(program: Program) -> None:
    program.ingest(*(record(name) for name in NAMES))
    program.settle()
    assert program.json("reconcile")["found"] == 0
    async with wire(program) as behind:
        await behind.rows.execute("UPDATE anime SET title = 'The Kingfisher' WHERE id = $1", uid(NAMES[0]))
    dry = program.echora("reconcile", "--dry-run")
    assert dry.returncode == 1
    assert "stale" in dry.stdout
    assert program.json("reconcile")["faults"]["stale"] == 1
    program.settle()
    assert "The Kingfisher" in program.titles("kingfisher")
    assert program.json("reconcile")["found"] == 0


def test_an_index_that_is_deleted_under_it_is_rebuilt_while_updates_go_on(program: Program) -> None:
    program.ingest(*(record(name) for name in NAMES))
    program.settle()
    points = program.status()["index"]["points"]
    shutil.rmtree(program.home / "index")
    later = "The Crane That Came Later"
    program.ingest(record(later))
    assert until(lambda: (program.status()["index"] or {}).get("points") == points + 1), program.said
    program.settle()
    assert program.titles("crane that came later")[0] == later
    assert program.json("reconcile")["found"] == 0
    assert "it is rebuilt from PostgreSQL" in program.said
    assert program.ready()


async def test_everything_of_jetstream_deleted_under_it_is_made_again(program: Program) -> None:
    program.ingest(*(record(name) for name in NAMES))
    program.settle()
    async with wire(program) as behind:
        for stream in ("ANIME_EVENTS", "ANIME_SCHEDULE", "ANIME_DLQ", "ANIME_ADVISORIES"):
            await behind.jetstream.delete_stream(stream)
    later = "The Stork That Came Later"
    program.ingest(record(later))
    assert until(lambda: len(program.status()["streams"]) == 4), program.said
    program.settle()
    assert program.titles("stork that came later")[0] == later
    assert program.json("reconcile")["found"] == 0
    assert program.dead_letters() == 0
    assert "stream ANIME_EVENTS lost messages (it was made anew)" in program.said
    async with wire(program) as behind:
        versions = await behind.rows.fetch(
            "SELECT DISTINCT version FROM anime WHERE id = ANY ($1)", [uid(n) for n in NAMES]
        )
    assert [row["version"] for row in versions] == [1], "nothing had a second effect"


def test_what_jetstream_keeps_deleted_from_the_disk_comes_back(program: Program) -> None:
    program.settle()
    program.interrupt()
    shutil.rmtree(program.home / "nats")
    program.start()
    program.settle()
    later = "The Egret That Came Later"
    program.ingest(record(later))
    program.settle()
    assert program.titles("egret that came later")[0] == later
    assert program.json("reconcile")["found"] == 0


def test_the_index_changes_its_model_also_when_it_is_killed_meanwhile(program: Program) -> None:
    program.settle()
    points = program.status()["index"]["points"]
    plain = f"{MODEL}#plain"
    asked = program.json("reindex", "--model", plain, "--no-wait")
    assert (asked["wanted"], asked["is_done"]) == (plain, False)
    program.kill()
    program.start()
    later = "The Ibis That Came Later"
    program.ingest(record(later))
    assert until(lambda: program.json("reindex")["is_done"]), program.said
    assert program.json("reindex")["model"] == plain
    program.settle()
    assert program.status()["index"]["model"] == MODEL
    assert program.status()["index"]["points"] == points + 1
    assert program.titles("ibis that came later")[0] == later
    assert program.json("reconcile")["found"] == 0
    program.interrupt()
    program.start()
    assert program.status()["index"]["model"] == MODEL, "the index's own choice counts"
