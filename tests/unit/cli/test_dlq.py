from __future__ import annotations

import json

import pytest

from contracts.errors import Outage
from handlers.dead_letters import State
from streams.http.letter_models import LetterQuery
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program
from tests.unit.http.letter_fakes import LETTER

GROUP = "3f9a0c27d41be865"


def test_list_and_groups_show_what_waits_and_hand_on_conditions(echora: Run, program: Program) -> None:
    result = echora("dlq", "list", "--consumer", "c", "--error", "Refused", "--since", "12h", "--state", "dropped")
    assert result.exit_code == 0, result.output
    assert "is[31m missing here" in result.stdout
    assert "\x1b" not in result.stdout
    expected = LetterQuery(consumer="c", error_class="Refused", since="12h", state=[State.DROPPED])
    assert program.letters.asked == [expected]
    result = echora("dlq", "groups", "--group", GROUP, "--subject", "anime.updated", "--limit", "3")
    assert result.exit_code == 0, result.output
    assert GROUP in result.stdout
    assert program.letters.asked[1] == LetterQuery(fingerprint=GROUP, subject="anime.updated", limit=3)
    assert json.loads(echora("dlq", "list", "--json").stdout)["letters"][0]["attempts"] == 5
    assert json.loads(echora("dlq", "groups", "--json").stdout)["groups"][0]["waiting"] == 3
    program.letters.letters = []
    assert "no dead letters" in echora("dlq", "list").stdout
    assert "no dead letters" in echora("dlq", "groups").stdout


def test_show_prints_the_story_and_the_bytes(echora: Run) -> None:
    result = echora("dlq", "show", LETTER)
    assert result.exit_code == 0, result.output
    assert "ff 00" in result.stdout
    assert "not an AnimeUpdatedEvent" in result.stdout
    assert "\x1b" not in result.stdout
    assert json.loads(echora("dlq", "show", LETTER, "--json").stdout)["headers"] == {"a": "b"}
    assert echora("dlq", "show", str(LETTER).replace("0", "1")).exit_code == 1
    assert echora("dlq", "show", "x").exit_code == 2


def test_a_replay_tells_its_progress_and_fails_when_some_could_not_be_sent(echora: Run, program: Program) -> None:
    result = echora("dlq", "replay", "--group", GROUP, "--per-second", "7")
    assert result.exit_code == 1, "one of three lacks its bytes"
    assert "2 of 3 letters were sent again" in result.stdout
    assert "2 sent" in result.stderr
    (wish,) = program.letters.asked
    assert (wish.fingerprint, wish.per_second, wish.all, wish.dry_run) == (GROUP, 7.0, False, False)
    assert wish.by
    result = echora("dlq", "replay", "--all", "--json")
    assert json.loads(result.stdout)["done"] == 2
    assert result.stderr == ""
    assert program.letters.asked[-1].all


def test_a_dry_run_says_how_many_and_how_long(echora: Run, program: Program) -> None:
    result = echora("dlq", "replay", "--all", "--dry-run")
    assert "2 letters would be sent again, in 0.1 s" in result.stdout
    assert program.letters.asked[0].dry_run
    result = echora("dlq", "drop", "--all", "--reason", "known", "--dry-run")
    assert "3 letters would be dropped" in result.stdout
    assert result.exit_code == 0


def test_a_replay_that_stops_early_says_so(echora: Run, program: Program) -> None:
    program.letters.failure = Outage("PostgreSQL", "gone")
    result = echora("dlq", "replay", "--all")
    assert result.exit_code == 1
    assert "PostgreSQL is not available: gone" in result.stderr


def test_ids_that_do_not_wait_are_counted(echora: Run) -> None:
    ids = [f"{number:032x}" for number in range(5)]
    result = echora("dlq", "drop", *ids, "--reason", "known")
    assert result.exit_code == 1
    assert "2 of the ids are no letter that waits" in result.stderr


def test_drop_keeps_who_and_why(echora: Run, program: Program) -> None:
    result = echora("dlq", "drop", LETTER, "--reason", "known", "--json")
    assert json.loads(result.stdout)["done"] == 3
    (wish,) = program.letters.asked
    assert (wish.reason, wish.ids) == ("known", [LETTER])
    assert echora("dlq", "drop", LETTER).exit_code == 2


@pytest.mark.parametrize("command", ["list", "groups", "show", "replay", "drop"])
def test_each_command_has_an_example(echora: Run, command: str) -> None:
    result = echora("dlq", command, "--help")
    assert "Example: echora dlq " in result.stdout
    assert "--json" in result.stdout


@pytest.mark.parametrize("command", ["list", "groups", f"show {LETTER}", "replay --all", "drop --all --reason x"])
def test_nothing_answers(echora: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHORA_URL", "http://127.0.0.1:9")
    result = echora("dlq", *command.split())
    assert result.exit_code == 3
    assert len(result.stderr.strip().splitlines()) == 1
