from __future__ import annotations

import json
import subprocess
import sys
from uuid import UUID

import pytest

from contracts.errors import Outage
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import ID, Program

NOBODY = UUID("5f7c7a5c-0b9f-4d0c-9d53-0f2f7b3ad1ce")
COMMANDS = ("ingest", "search", "show", "delete", "status", "snapshot", "restore", "reconcile", "republish", "reindex")


def test_search_shows_what_was_found_and_hands_on_the_filters(echora: Run, program: Program) -> None:
    arguments = ["--type", "TV", "--status", "FINISHED", "--year", "2015..2020", "--genre", "Sports", "--limit", "4"]
    result = echora("search", "a boxer's son", *arguments)
    assert result.exit_code == 0, result.output
    assert "Hajime no Ippo" in result.stdout
    assert str(ID) in result.stdout
    ((query, filters, limit, _),) = program.searches
    assert (query, limit, filters.year_from, filters.genres) == ("a boxer's son", 4, 2015, ["Sports"])
    assert json.loads(echora("search", "x", "--json").stdout)["hits"][0]["year"] == 2000


def test_a_bad_value_is_a_usage_error_that_names_it(echora: Run) -> None:
    result = echora("search", "x", "--year", "soon")
    assert result.exit_code == 2
    assert "year: must be a year or a range" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_show_prints_the_record_without_what_would_steer_the_terminal(echora: Run) -> None:
    result = echora("show", ID)
    assert result.exit_code == 0, result.output
    assert "Cowboy Bebop" in result.stdout
    assert "\x1b" not in result.stdout
    assert json.loads(echora("show", ID, "--json").stdout)["version"] == 3


def test_show_says_who_said_it_by_which_rule_and_against_whom(echora: Run) -> None:
    result = echora("show", ID, "--provenance")
    assert result.exit_code == 0, result.output
    told = " ".join(result.stdout.split("who said it")[1].split())
    for words in ("title jikan", "most believed", "kitsu:"):
        assert words in told, words
    assert "\x1b" not in result.stdout
    said = json.loads(echora("show", ID, "--json").stdout)["provenance"]["title"]["belief"]
    assert (said["rule"], list(said["dissents"])) == ("most believed", ["kitsu"])


@pytest.mark.parametrize(("id", "code"), [(NOBODY, 1), ("not-an-id", 2), ("../status", 1)])
def test_a_record_that_is_not_there(echora: Run, id: object, code: int) -> None:
    result = echora("show", id)
    assert result.exit_code == code
    assert len(result.stderr.strip().splitlines()) == 1


def test_delete_asks_first(echora: Run) -> None:
    assert echora("delete", ID, input="n\n").exit_code == 1
    assert "version 4" in echora("delete", ID, input="y\n").stdout
    assert json.loads(echora("delete", ID, "--yes", "--json").stdout) == {"id": str(ID), "version": 4}


def test_status_shows_lag_age_and_what_waits(echora: Run) -> None:
    result = echora("status")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if "qdrant-consumer" in line]
    assert line.split() == ["qdrant-consumer", "ANIME_EVENTS", "3", "0", "1.5", "min"]
    assert "outbox: 2 pending, the oldest for 1.1 h" in result.stdout
    assert "71 points" in result.stdout
    assert "reviews: 3 wait for a person" in result.stdout
    assert "dead letters: 41 wait, of 2 kinds" in result.stdout
    assert (
        "schedule: next due 2026-11-22 15:00 UTC, in 3.0 h; 4 overdue, the first for 2.0 min; 41 paused; "
        "2 missed within a day" in result.stdout
    )
    assert json.loads(echora("status", "--json").stdout)["outbox"] == {"pending": 2, "oldest_age_s": 4000.0}


@pytest.mark.parametrize("command", ["status", "search x", f"show {ID}", f"delete {ID} --yes", "ingest -"])
def test_nothing_answers(echora: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHORA_URL", "http://127.0.0.1:9")
    result = echora(*command.split(), input=b'{"n": 1}')
    assert result.exit_code == 3
    assert "make run" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_address_that_is_none(echora: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHORA_URL", "localhost:8000")
    result = echora("status")
    assert result.exit_code == 2
    assert "ECHORA_URL" in result.stderr


def test_a_problem_of_the_program_is_one_line(echora: Run, program: Program) -> None:
    program.failure = Outage("PostgreSQL", "refused")
    result = echora("status")
    assert result.exit_code == 1
    assert result.stderr.strip() == "echora: Service Unavailable: PostgreSQL is not available: refused"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(echora: Run, command: str) -> None:
    assert f"Example: echora {command}" in echora(command, "--help").stdout


def test_the_command_line_loads_nothing_heavy() -> None:
    heavy = (
        "faststream",
        "qdrant_client",
        "fastembed",
        "numpy",
        "asyncpg",
        "nats",
        "fastapi",
        "pydantic",
        "rich.table",
    )
    code = f"import sys, streams.cli.application; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
