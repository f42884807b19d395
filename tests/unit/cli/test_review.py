from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import Refused
from streams.cli.review_words import change
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program
from tests.unit.http.review_fakes import MOVED, REVIEW

COMMANDS = ("list", "show", "approve", "reject", "undo")


def test_list_shows_what_would_change_and_why_it_waits(echora: Run, program: Program) -> None:
    arguments = ["--source", "kitsu", "--rule", "title changed", "--older-than", "2h", "--limit", "7"]
    result = echora("review", "list", *arguments)
    assert result.exit_code == 0, result.output
    (title,) = [line for line in result.stdout.splitlines() if "The Ring → Ropes" in line]
    assert "title changed" in title
    assert "3.0 h" in title
    assert str(REVIEW) in title
    assert "3 → 2  -A, -B  +D" in result.stdout
    assert "41 wait for a person in all" in result.stdout
    assert f"there are more: --after {MOVED}" in result.stdout
    assert "\x1b" not in result.stdout
    assert program.review.asked == [
        ("list", "pending", {"source": "kitsu", "rule": "title changed"}, "2h", None, 7),
    ]
    assert json.loads(echora("review", "list", "--json").stdout)["waiting"] == 41


def test_show_tells_the_whole_story(echora: Run) -> None:
    result = echora("review", "show", REVIEW)
    assert result.exit_code == 0, result.output
    for words in (
        "edited to",
        "kitsu, observed 2026-11-22T08:00:00Z",
        "believed by  most believed",
        "anilist: Rings; mal: The Rings",
        "title changed: title changes from",
        "Rope, said by person",
        "2026-11-22T12:00:00Z by ann",
        "approved by ann: checked",
        f"echora review undo {REVIEW}",
    ):
        assert words in result.stdout, words
    assert json.loads(echora("review", "show", REVIEW, "--json").stdout)["can_undo"] is True
    assert echora("review", "show", MOVED).exit_code == 1


def test_who_decides_is_your_login_name_unless_said_otherwise(
    echora: Run, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    result = echora("review", "approve", REVIEW)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"approved: {REVIEW}, version 4\n"
    echora("review", "reject", REVIEW, "--reason", "no", "--by", "bob")
    echora("review", "undo", REVIEW, "--reason", "wrong show", "--by", "bob")
    assert program.review.asked == [
        ("approve", REVIEW, {"by": "ann", "reason": ""}),
        ("reject", REVIEW, {"by": "bob", "reason": "no"}),
        ("undo", REVIEW, {"by": "bob", "reason": "wrong show"}),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Rope", "Rope"),
        ("A text, [sic]", "A text, [sic]"),
        ('"12"', "12"),
        ("12", 12),
        ("null", None),
        ('["a", "b"]', ["a", "b"]),
        ("nullify", "nullify"),
        ("", ""),
    ],
)
def test_a_value_of_your_own(echora: Run, program: Program, written: str, value: Any) -> None:
    assert echora("review", "approve", REVIEW, "--value", written, "--by", "ann").exit_code == 0
    assert program.review.asked[0][2]["value"] == value


def test_what_was_not_done_is_said_with_the_exit_code(echora: Run) -> None:
    result = echora("review", "approve", MOVED)
    assert result.exit_code == 1
    assert result.stderr.strip() == "echora: Conflict: the record has changed since: title is “X” now"
    both = echora("review", "approve", REVIEW, MOVED)
    assert both.exit_code == 1
    assert f"approved: {REVIEW}" in both.stdout
    assert str(MOVED) in both.stderr
    found = json.loads(echora("review", "approve", REVIEW, MOVED, "--json").stdout)
    assert [one.get("state") for one in found] == ["approved", None]


def test_a_bulk_decision_shows_what_it_means_and_asks_first(echora: Run, program: Program) -> None:
    dry = echora("review", "approve", "--rule", "title changed", "--source", "kitsu", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "The Ring → Ropes" in dry.stdout
    assert "would approve 2 of 3 that wait and are meant; 2 are not shown" in dry.stdout
    assert echora("review", "approve", "--rule", "title changed", input="n\n").exit_code == 1
    assert [wish.dry_run for _, wish in program.review.asked] == [True, True]
    done = echora("review", "approve", "--rule", "title changed", "--reason", "all fine", "--yes", "--by", "ann")
    assert done.exit_code == 1, "one of them had changed since"
    assert "approve: 1 of 3 that were meant, 1 left" in done.stdout
    assert str(MOVED) in done.stderr
    wish = program.review.asked[-1][1]
    assert (wish.dry_run, wish.rule, wish.by, wish.reason, wish.limit) == (
        False,
        "title changed",
        "ann",
        "all fine",
        500,
    )
    asked = echora("review", "reject", "--field", "synopsis", "--reason", "no", input="y\n")
    assert "reject 2?" in asked.stderr
    assert program.review.asked[-1][1].decision == "reject"


def test_json_of_a_bulk_decision(echora: Run) -> None:
    dry = echora("review", "reject", "--rule", "title changed", "--dry-run", "--json")
    assert json.loads(dry.stdout)["is_dry"] is True
    done = echora("review", "reject", "--rule", "title changed", "--reason", "no", "--yes", "--json")
    assert json.loads(done.stdout)["done"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["approve"], "name ids, or say which"),
        (["approve", str(REVIEW), "--rule", "title changed"], "not both"),
        (["approve", str(REVIEW), str(MOVED), "--value", "x"], "name one id"),
        (["approve", "--rule", "title changed", "--value", "x"], "name its id"),
        (["approve", str(REVIEW), "--value", "[1"], "no JSON"),
        (["approve", "--rule", "title changed", "--json"], "--dry-run or --yes"),
        (["reject", str(REVIEW)], "say --reason"),
        (["undo", str(REVIEW)], "--reason"),
        (["list", "--rule", "boredom"], "there is no rule 'boredom'; there are title changed"),
        (["list", "--state", "open"], "there is no state 'open'"),
        (["show", "not-an-id"], "review_id"),
    ],
)
def test_wrong_use_is_one_line_that_says_so(echora: Run, program: Program, arguments: list[str], words: str) -> None:
    result = echora("review", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert [act for act, *_ in program.review.asked if act in ("approve", "reject", "undo", "decide")] == []


def test_a_refusal_of_the_program_is_one_line(echora: Run, program: Program) -> None:
    program.review.failure = Refused("the edited value", "title", "cannot be removed; give a value")
    result = echora("review", "approve", REVIEW, "--value", "null")
    assert result.exit_code == 2
    assert "title: cannot be removed" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(echora: Run, command: str) -> None:
    assert f"Example: echora review {command}" in echora("review", command, "--help").stdout


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a" * 100, None, f"{'a' * 59}… → nothing"),
        (12, 10, "12 → 10"),
        (["a", "b"], None, "2 → 0  -a, -b"),
        (None, ["a"], "0 → 1  +a"),
        ({"Director": [{"name": "X"}, {"name": "Y"}]}, {"Director": [{"name": "X"}]}, "2 → 1  -Director: Y"),
        ({"page": "http://a"}, {}, "1 → 0  -page: http://a"),
        ([str(number) for number in range(9)], [], "9 → 0  -0, -1, -2, -3 and 5 more"),
    ],
)
def test_a_change_is_one_short_line(old: Any, new: Any, shown: str) -> None:
    assert change(old, new) == shown
