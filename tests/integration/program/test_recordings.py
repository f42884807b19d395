"""The recorded records go in and are found by meaning. Without the recordings these tests are skipped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.program.conftest import NewProgram, started
from tests.integration.program.running import Program

ROOT = Path(os.environ.get("ECHORA_RECORDINGS", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = ROOT / "echora" / "anime_database.json"
RECORDS = 28

pytestmark = pytest.mark.skipif(
    not RECORDED.is_file(),
    reason=f"there are no recorded records at {RECORDED}; set ECHORA_RECORDINGS to the folder that holds them",
)


@pytest.fixture(scope="module")
def program(new_program: NewProgram) -> Iterator[Program]:
    """A program that holds the recorded records and nothing else."""
    with started(new_program) as running:
        done = running.echora("ingest", str(RECORDED))
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{RECORDS} records: {RECORDS} new, 0 changed, 0 unchanged, 0 refused" in done.stdout
        running.settle()
        yield running


def test_a_second_ingest_changes_nothing(program: Program) -> None:
    before = program.status()
    summary = program.json("ingest", str(RECORDED))
    assert (summary["records"], summary["unchanged"]) == (RECORDS, RECORDS)
    assert (summary["new"], summary["changed"], summary["refused"], summary["undecided"]) == (0, 0, 0, 0)
    assert summary["errors"] == summary["not_in"] == []
    assert program.status()["streams"] == before["streams"]


def test_each_kind_of_file_is_read(program: Program) -> None:
    records = json.loads(RECORDED.read_text())["data"]
    forms = {
        "list.json": json.dumps(records),
        "one.json": json.dumps(records[0], indent=2),
        "lines.jsonl": "\n".join(json.dumps(record) for record in records),
    }
    for name, text in forms.items():
        (program.folder / name).write_text(text)
    summary = program.json("ingest", *(str(program.folder / name) for name in forms))
    assert (summary["records"], summary["unchanged"]) == (2 * RECORDS + 1, 2 * RECORDS + 1)


def test_a_film_is_found_by_what_happens_in_it(program: Program) -> None:
    found = program.json("search", "a boxer's son who is failing at school")
    assert found["hits"][0]["title"] == '"Eiji"'


def test_filters_narrow_the_search(program: Program) -> None:
    def titles(**filters: object) -> set[str]:
        return set(program.titles("a story", limit=100, **filters))

    assert len(titles()) == RECORDS
    kinds = {"TV", "MOVIE", "ONA", "OVA", "SPECIAL", "MUSIC", "PV"}
    assert sum(len(titles(type=kind)) for kind in kinds) == RECORDS
    assert '"Eiji"' in titles(type="movie")
    assert '"Eiji"' not in titles(type="TV")
    assert titles(type=["MOVIE", "TV"]) == titles(type="MOVIE") | titles(type="TV")
    assert len(titles(status="UPCOMING")) == 1
    assert len(titles(status="FINISHED")) == RECORDS - 1
    assert titles(year="1990") == {'"Eiji"'}
    assert titles(year="..1990") == titles(year="1970..1990") > titles(year="1990")
    assert '"Eiji"' not in titles(year="1991..")
    assert '"Eiji"' in titles(genre=["Sports", "Drama"])
    assert '"Eiji"' not in titles(genre=["Sports", "Music"])
    assert len(program.titles("a story", limit=3)) == 3


def test_the_command_passes_every_filter_on(program: Program) -> None:
    words = ("--type", "MOVIE", "--status", "finished", "--year", "1980..1999", "--genre", "Drama", "--limit", "5")
    assert [hit["title"] for hit in program.json("search", "a story", *words)["hits"]] == ['"Eiji"']
    assert program.echora("search", "a story", "--year", "soon").returncode == 2


def test_search_and_show_read_well_in_a_terminal(program: Program) -> None:
    search = program.echora("search", "a boxer's son who is failing at school", "--limit", "1")
    assert search.returncode == 0
    assert '"Eiji"' in search.stdout
    eiji = program.hits("a boxer's son who is failing at school")[0]["id"]
    assert eiji in search.stdout
    show = program.echora("show", eiji, "--provenance")
    assert show.returncode == 0
    assert show.stdout.startswith('"Eiji"')
    assert "1990" in show.stdout
    assert "who said it" in show.stdout
    whole = program.json("show", eiji)
    assert whole["anime"]["id"] == eiji
    assert whole["anime"]["type"] == "MOVIE"


def test_status_tells_everything(program: Program) -> None:
    status = program.json("status")
    assert {one["name"] for one in status["streams"]} == {
        "ANIME_EVENTS",
        "ANIME_SCHEDULE",
        "ANIME_DLQ",
        "ANIME_ADVISORIES",
    }
    consumers = {one["name"]: one for one in status["consumers"]}
    ours = {"postgres-consumer", "postgres-update-consumer", "postgres-episode-consumer", "postgres-character-consumer"}
    assert ours | {"qdrant-consumer"} <= set(consumers)
    for one in consumers.values():
        assert one["lag"] == one["in_flight"] == 0
        assert 0 <= one["last_progress_age_s"] < 60
    assert status["outbox"] == {"pending": 0, "oldest_age_s": 0}
    assert status["index"]["points"] >= RECORDS
    assert status["index"]["model"].startswith("sentence-transformers/all-MiniLM-L6-v2")
    assert {"echora", "nats", "postgresql", "schema", "contracts"} <= set(status["versions"])
    assert status["problems"] == []
    for_people = program.echora("status")
    assert for_people.returncode == 0
    assert "qdrant-consumer" in for_people.stdout
