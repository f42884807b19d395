"""`echora schedule` on the running program: its demo catalogue, its workflows, and the world that it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers.update.workflows import WORKFLOWS
from tests.integration.program.conftest import NewProgram
from tests.integration.program.running import Program, running, until
from tests.servers import temporary_folder


@pytest.fixture(scope="module")
def demo(new_program: NewProgram) -> Iterator[Program]:
    """The program with its demo catalogue, every show of which has got its looks."""
    with temporary_folder() as folder, running(new_program(folder, ECHORA_DEMO="true")) as program:
        assert until(lambda: "demo catalogue loaded" in program.said)
        assert until(lambda: len(program.json("schedule", "list", "--limit", "1000")["due"]) > 200)
        yield program


def airing(program: Program) -> dict[str, str]:
    """Titles by id of what airs next."""
    found = program.json("schedule", "list", "--workflow", "episode_air_tracking", "--limit", "100")
    return {one["entity_id"]: one["title"] for one in found["due"]}


def row(program: Program, one: str, workflow: str) -> dict[str, Any]:
    """The row of an entity; asked over HTTP, since a command takes long to start."""
    (found,) = program.get(f"/schedules/{one}", workflow=workflow).raise_for_status().json()["schedules"]
    return dict(found)


def looks(program: Program, workflow: str) -> float:
    """How many looks of a workflow have begun."""
    name = f'echora_look_late_seconds_count{{workflow="{workflow}"}} '
    return next((float(line[len(name) :]) for line in program.get("/metrics").text.splitlines() if name in line), 0.0)


def test_the_list_is_in_order_and_by_the_worlds_clock(demo: Program) -> None:
    found = demo.json("schedule", "list", "--limit", "50")
    assert found["now"] < "2026-10", "the world begins in August"
    due = [one["due_at"] for one in found["due"]]
    assert due == sorted(due)
    assert {one["state"] for one in found["due"]} <= {"waiting", "running"}
    piece = demo.json("schedule", "list", "--title", "one piece", "--workflow", "episode_air_tracking")["due"]
    assert [one["title"] for one in piece] == ["One Piece"]
    assert piece[0]["reason"]
    spoken = demo.echora("schedule", "list", "--limit", "5")
    assert spoken.returncode == 0, spoken.stderr
    assert "due next" in spoken.stdout


def test_a_look_that_is_asked_for_is_made(demo: Program) -> None:
    one = next(iter(airing(demo)))
    came = demo.json("schedule", "trigger", "metadata_refresh", one, "--why", "a test asks")
    assert came["came"] == {one: "triggered"}

    assert until(lambda: row(demo, one, "metadata_refresh")["last_run_at"])
    assert row(demo, one, "metadata_refresh")["state"] == "waiting"
    assert looks(demo, "metadata_refresh") == 1.0


def test_f13_with_us_no_subject_and_no_id_becomes_a_label(demo: Program) -> None:
    """Each row has a timer of its own by now, whose subject ends in the id."""
    ids = {one["entity_id"] for one in demo.json("schedule", "list", "--limit", "1000")["due"]}
    assert len(ids) > 50
    values = set(re.findall(r'[\w]+="([^"]*)"', demo.get("/metrics").text))
    assert set(WORKFLOWS) <= values, "the look for labels finds them"
    assert [value for value in values if value.startswith("anime.") or any(one in value for one in ids)] == []


def test_what_is_paused_is_not_looked_at_until_it_is_resumed(demo: Program) -> None:
    one, other = list(airing(demo))[:2]
    paused = demo.json("schedule", "pause", "status_check", "--reason", "a source moves")
    assert paused["changed"] > 2
    assert demo.json("schedule", "resume", "status_check", other)["changed"] == 1
    refused = demo.echora("schedule", "trigger", "status_check", one, "--why", "a test asks")
    assert refused.returncode == 1
    assert "paused" in refused.stdout
    listed = demo.json("schedule", "list", "--paused", "--workflow", "status_check", "--limit", "1000")
    assert len(listed["paused"]) == paused["changed"] - 1
    assert demo.status()["schedule"]["paused"] == paused["changed"] - 1
    assert "a source moves" in demo.echora("schedule", "show", one).stdout
    text = demo.get("/metrics").text
    assert f'echora_schedule_paused_rows{{workflow="status_check"}} {paused["changed"] - 1}.0' in text
    assert demo.json("schedule", "resume", "status_check")["changed"] == paused["changed"] - 1
    assert demo.status()["schedule"]["paused"] == 0


def test_one_show_is_looked_at_by_a_policy_of_its_own(demo: Program) -> None:
    one = next(iter(airing(demo)))
    before = row(demo, one, "metadata_refresh")
    wish = ("schedule", "policy", "metadata_refresh", one)
    done = demo.json(*wish, "--set", "interval_s=86400", "--set", "jitter_s=0", "--set", "overlap=skip")
    assert (done["policy"]["interval_s"], done["policy"]["overlap"]) == (86_400, "skip")
    daily = row(demo, one, "metadata_refresh")
    assert daily["own_policy"] == {"interval_s": 86_400, "jitter_s": 0, "overlap": "skip"}
    assert datetime.fromisoformat(daily["due_at"]).hour == 0
    refused = demo.echora(*wish, "--set", "interval_s=86400")
    assert (refused.returncode, "jitter beyond the interval" in refused.stderr) == (2, True)
    demo.json(*wish, "--reset")
    after = row(demo, one, "metadata_refresh")
    assert (after.get("own_policy"), after["policy"], after["due_at"]) == (None, before["policy"], before["due_at"])


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_dry_backfill_of_every_workflow_says_what_it_would_take(demo: Program, workflow: str) -> None:
    if WORKFLOWS[workflow].workflow.policy.interval_s is None and workflow != "episode_air_tracking":
        refused = demo.echora("schedule", "backfill", workflow, "--from", "14d", "--dry-run")
        assert (refused.returncode, "planned by another workflow" in refused.stderr) == (2, True)
        return
    found = demo.json("schedule", "backfill", workflow, "--from", "14d", "--dry-run")
    assert found["tick_count"] == len(found["ticks"]) > 0
    start, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert end - start == timedelta(days=14)
    assert all(start <= datetime.fromisoformat(tick["slot_at"]) < end for tick in found["ticks"])
    assert set(found["costs"]) <= set(WORKFLOWS[workflow].asks)
    assert bool(found["costs"]) == bool(WORKFLOWS[workflow].asks)
    # MyAnimeList is switched on in the world, so nobody asks Jikan for the same figures.
    assert ("jikan" in found["costs"]) == ("jikan" in WORKFLOWS[workflow].asks and workflow != "score_sync")


def test_a_backfill_is_made_slot_by_slot(demo: Program) -> None:
    one = next(iter(airing(demo)))
    wish = ("schedule", "backfill", "episode_air_tracking", one, "--from", "21d")
    dry = demo.json(*wish, "--dry-run")
    assert dry["tick_count"] >= 2
    before = looks(demo, "episode_air_tracking")
    done = demo.json(*wish, "--yes")
    assert done["ticks"] == dry["ticks"]
    assert until(lambda: looks(demo, "episode_air_tracking") >= before + done["tick_count"])
    assert until(lambda: row(demo, one, "episode_air_tracking")["due_at"] > demo.status()["schedule"]["now"])
    assert row(demo, one, "episode_air_tracking")["backfill"] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("list --workflow nightly", 2, "there is no workflow 'nightly'; there are episode_air_tracking, "),
        ("pause nightly --reason x", 2, "there is no workflow 'nightly'"),
        ("pause score_sync nobody --reason x", 1, "workflow score_sync has nothing scheduled for nobody"),
        ("trigger metadata_refresh nobody --why x", 1, "there is no nobody; nothing was done"),
        ("backfill metadata_refresh --from soon", 2, "'soon' is no time; write "),
        ("backfill metadata_refresh --from 1h --to 2h", 2, "must lie before the end"),
        ("backfill metadata_refresh --from 7d --title nothing-like-it", 1, "no anime has 'nothing-like-it'"),
        ("show nobody", 1, "nothing is scheduled for nobody"),
    ],
)
def test_what_cannot_be_is_one_clear_line(demo: Program, words: str, code: int, said: str) -> None:
    done = demo.echora("schedule", *words.split())
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert said in done.stderr


def test_status_tells_of_the_schedule(demo: Program) -> None:
    found = demo.status()["schedule"]
    assert found["next_due_at"] > found["now"]
    assert "schedule: next due " in demo.echora("status").stdout
