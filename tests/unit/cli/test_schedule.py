from __future__ import annotations

import json

import pytest

from contracts.errors import Refused
from streams.http.schedule_models import Section
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program
from tests.unit.http.schedule_fakes import RING

COMMANDS = ("list", "show", "pause", "resume", "trigger", "policy", "backfill")


def line_with(text: str, word: str) -> str:
    (line,) = [line for line in text.splitlines() if word in line]
    return line


def test_list_shows_what_is_due_missed_and_paused(echora: Run, program: Program) -> None:
    result = echora("schedule", "list", "--workflow", "score_sync", "--title", "ring", "--limit", 7)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("it is 2026-11-22 12:00 UTC")
    cells = line_with(result.stdout, "attempt 2 of 4").split()
    assert cells[3:10] == ["2026-11-22", "15:00", "3.0", "h", "waiting", "2", "medium"]
    assert "2.0 min late  running" in line_with(result.stdout, "scores of 50 titles")
    assert "2026-11-15 12:00  budget  2026-11-16 12:00" in result.stdout
    assert "paused: 41 of metadata_refresh since 2026-11-22 12:00: Kitsu moves" in result.stdout
    assert "\x1b" not in result.stdout
    assert program.schedule.asked == [("list", "score_sync", "ring", (Section.DUE, Section.MISSES), 7)]


@pytest.mark.parametrize(
    ("option", "section", "word"), [("--misses", Section.MISSES, "budget"), ("--paused", Section.PAUSED, "Kitsu moves")]
)
def test_only_a_part_of_the_list(echora: Run, program: Program, option: str, section: Section, word: str) -> None:
    result = echora("schedule", "list", option)
    assert result.exit_code == 0, result.output
    assert word in result.stdout
    assert "due next" not in result.stdout
    assert program.schedule.asked == [("list", None, None, (section,), 20)]
    assert json.loads(echora("schedule", "list", option, "--json").stdout)["due"] == []


def test_show_tells_the_whole_story(echora: Run) -> None:
    result = echora("schedule", "show", RING)
    assert result.exit_code == 0, result.output
    for words in (
        "The Ring, at 2026-11-22 12:00 UTC",
        "episode_air_tracking: waiting",
        "2026-11-22 15:00, in 3.0 h, attempt 2",
        "2026-11-22 11:00: not out yet",
        "2026-11-22 10:00: Kitsu answers",
        "every 1 w, spread over 1 w; 2 retries after 6 h; catches up 1 missed slot of the last 1 w; one that overlaps",
        "and 2 more",
        "retries_max 2",
        "2026-11-15 12:00  budget",
    ):
        assert words in result.stdout, words
    assert json.loads(echora("schedule", "show", RING, "--json").stdout)["entity_id"] == RING


def test_show_of_what_is_not_scheduled(echora: Run) -> None:
    result = echora("schedule", "show", "nobody")
    assert result.exit_code == 1
    assert result.stderr.startswith("echora: Not Found: nothing is scheduled for nobody")


def test_pause_and_resume_some_or_all(echora: Run, program: Program) -> None:
    assert "paused: 41 of score_sync" in echora("schedule", "pause", "score_sync", "--reason", "Kitsu moves").stdout
    assert "resumed: 2 of score_sync" in echora("schedule", "resume", "score_sync", "a", "b").stdout
    assert echora("schedule", "resume", "score_sync", "--reason", "Kitsu answers").exit_code == 0
    assert program.schedule.asked == [
        ("pause", "score_sync", None, "Kitsu moves"),
        ("resume", "score_sync", ["a", "b"], None),
        ("resume", "score_sync", None, "Kitsu answers"),
    ]
    without = echora("schedule", "pause", "score_sync")
    assert without.exit_code == 2
    assert "--reason" in without.stderr


def test_trigger_says_what_came_of_each_and_fails_when_one_was_not_looked_at(echora: Run, program: Program) -> None:
    fine = echora("schedule", "trigger", "score_sync", "a", "b", "--why", "asked", "--json")
    assert fine.exit_code == 0, fine.output
    assert json.loads(fine.stdout)["came"] == {"a": "triggered", "b": "triggered"}
    program.schedule.busy = frozenset({"b"})
    mixed = echora("schedule", "trigger", "score_sync", "a", "b", "--why", "asked")
    assert mixed.exit_code == 1
    assert line_with(mixed.stdout, "overlap").split() == ["b", "overlap"]
    unknown = echora("schedule", "trigger", "score_sync", "nobody", "--why", "asked")
    assert (unknown.exit_code, unknown.stderr) == (1, "echora: Not Found: there is no anime nobody; nothing was done\n")


def test_policy_sets_what_differs_and_takes_it_back(echora: Run, program: Program) -> None:
    sets = ("--set", "interval_s=86400", "--set", "overlap = skip", "--set", "jitter_s=0.5")
    done = echora("schedule", "policy", "metadata_refresh", "a", "b", *sets)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 of metadata_refresh: every 1 d, spread over 0.5 s; 2 retries after 6 h;")
    assert "(of its own: interval_s 86400, overlap skip, jitter_s 0.5)" in done.stdout
    assert json.loads(echora("schedule", "policy", "metadata_refresh", "a", "--reset", "--json").stdout)["ids"] == ["a"]
    # What is no number goes as it was said, so that the program refuses it by name.
    echora("schedule", "policy", "metadata_refresh", "a", "--set", "phase_s=nan", "--set", "jitter_s=1e999")
    assert program.schedule.asked == [
        ("policy", "metadata_refresh", ["a", "b"], {"interval_s": 86_400, "overlap": "skip", "jitter_s": 0.5}),
        ("policy", "metadata_refresh", ["a"], None),
        ("policy", "metadata_refresh", ["a"], {"phase_s": "nan", "jitter_s": "1e999"}),
    ]


@pytest.mark.parametrize("options", [(), ("--reset", "--set", "phase_s=1"), ("--set", "phase_s"), ("--set", "=1")])
def test_a_policy_that_is_not_said_changes_nothing(echora: Run, program: Program, options: tuple[str, ...]) -> None:
    refused = echora("schedule", "policy", "metadata_refresh", "a", *options)
    assert refused.exit_code == 2
    assert "--set" in refused.stderr
    assert program.schedule.asked == []


def test_a_dry_backfill_prints_the_looks_and_the_price(echora: Run, program: Program) -> None:
    result = echora("schedule", "backfill", "score_sync", "--from", "7d", "--title", "ring", "--dry-run")
    assert result.exit_code == 0, result.output
    assert line_with(result.stdout, "2026-11-21").split() == ["2026-11-21", "12:00", "The", "Ring", RING]
    assert line_with(result.stdout, "jikan").split() == ["jikan", "6", "0.1"]
    ((_, _, wish),) = program.schedule.asked
    assert (wish.start, wish.end, wish.title, wish.ids, wish.dry_run) == ("7d", "now", "ring", None, True)


def test_a_backfill_asks_with_its_price_and_does_what_was_priced(echora: Run, program: Program) -> None:
    refused = echora("schedule", "backfill", "score_sync", "--from", "7d", input="n\n")
    assert refused.exit_code == 1
    assert "3 looks at 1 of score_sync, requests: jikan 6: do it?" in refused.stderr
    assert [wish.dry_run for _, _, wish in program.schedule.asked] == [True]
    done = echora("schedule", "backfill", "score_sync", "a", "--from", "7d", input="y\n")
    assert "queued: 3 looks at 1 of score_sync" in done.stdout
    *_, (_, _, wish) = program.schedule.asked
    assert (wish.dry_run, wish.ids) == (False, ["a"])
    assert (wish.start, wish.end) == ("2026-11-15T12:00:00Z", "2026-11-22T12:00:00Z")
    without_asking = echora("schedule", "backfill", "score_sync", "--from", "7d", "--yes", "--json")
    assert json.loads(without_asking.stdout)["is_dry"] is False


def test_a_backfill_says_how_much_of_it_waits(echora: Run, program: Program) -> None:
    program.schedule.paused = 1
    for option in ("--dry-run", "--yes"):
        result = echora("schedule", "backfill", "score_sync", "--from", "7d", option)
        assert "1 of them are paused, and wait until they are resumed" in result.stdout


def test_a_backfill_of_nothing_asks_nothing(echora: Run, program: Program) -> None:
    program.schedule.slots = 0
    result = echora("schedule", "backfill", "score_sync", "--from", "1min")
    assert (result.exit_code, "nothing to do" in result.stdout) == (0, True)
    assert [wish.dry_run for _, _, wish in program.schedule.asked] == [True]


def test_a_wrong_name_is_a_usage_error(echora: Run, program: Program) -> None:
    program.schedule.failure = Refused("schedule", "workflow", "there is no workflow 'x'; there are a, b")
    result = echora("schedule", "list", "--workflow", "x")
    assert result.exit_code == 2
    assert "there is no workflow 'x'; there are a, b" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(echora: Run, command: str) -> None:
    assert f"Example: echora schedule {command}" in echora("schedule", command, "--help").stdout


def test_nothing_answers(echora: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHORA_URL", "http://127.0.0.1:9")
    for words in (
        "list",
        "show a",
        "pause a --reason b",
        "trigger a b --why c",
        "policy a b --reset",
        "backfill a --from 7d",
    ):
        result = echora("schedule", *words.split())
        assert result.exit_code == 3, words
        assert "make run" in result.stderr
