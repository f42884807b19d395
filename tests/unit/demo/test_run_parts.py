"""The parts of a run: the folder, the kills, the counters over several lives, and the picture in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from contracts.errors import Permanent
from streams.clock import SystemClock
from streams.demo.child import environment
from streams.demo.folder import MARK, Plan, go_on, note_stop, prepared
from streams.demo.kills import kill_times
from streams.demo.lines import counts, plain_line, workflow_rows
from streams.demo.screen import Lines, picture
from streams.demo.tally import Tally
from streams.demo.watch import Frame, Watch
from streams.world import remembered

NOW = datetime(2026, 8, 10, 12, tzinfo=UTC)


def test_a_folder_is_made_anew_but_for_the_model(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    prepared(home, Plan(), resume=False)
    for name in ("models", "postgres"):
        (home / name).mkdir()
        (home / name / "file").touch()
    (home / "world.json").touch()
    prepared(home, Plan(days=2), resume=False)
    assert sorted(one.name for one in home.iterdir()) == [MARK, "models"]
    assert json.loads((home / MARK).read_text())["days"] == 2


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(Permanent, match="holds files that are no demo's"):
        prepared(tmp_path, Plan(), resume=False)
    assert (tmp_path / "thesis.txt").exists()


def test_going_on_keeps_the_plan_of_the_folder(tmp_path: Path) -> None:
    prepared(tmp_path, Plan(seed=9, days=3), resume=False)
    assert prepared(tmp_path, Plan(), resume=True) == Plan(seed=9, days=3)
    with pytest.raises(Permanent, match="no demo to go on with"):
        prepared(tmp_path / "other", Plan(), resume=True)
    (tmp_path / MARK).write_text("{}{")
    with pytest.raises(Permanent, match="is no demo's plan"):
        prepared(tmp_path, Plan(), resume=True)


def test_the_world_stands_still_while_the_run_is_left(tmp_path: Path) -> None:
    begun = remembered(tmp_path / "world.json", 7, 2520, SystemClock())
    left = begun.real_origin + timedelta(seconds=10)
    note_stop(tmp_path, left)
    go_on(tmp_path, left + timedelta(hours=3))
    after = remembered(tmp_path / "world.json", 7, 2520, SystemClock())
    assert after.shown(left + timedelta(hours=3)) == begun.shown(left)
    go_on(tmp_path, left + timedelta(hours=9))
    assert remembered(tmp_path / "world.json", 7, 2520, SystemClock()) == after


def test_kills_follow_from_the_seed_and_lie_within_the_days() -> None:
    week = timedelta(days=7)
    times = kill_times(10, 7, NOW, week)
    assert times == kill_times(10, 7, NOW, week) == sorted(times)
    assert len(set(times)) == 10
    assert all(NOW < one < NOW + week for one in times)
    assert times != kill_times(10, 8, NOW, week)


def test_the_demo_has_no_settings_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", "nats://elsewhere")
    monkeypatch.setenv("ECHORA_ROLES", "ingest")
    monkeypatch.setenv("EMBEDDING_THREADS", "1")
    found = environment({"WORLD_SPEED": "9"})
    assert "NATS_URL" not in found
    assert "ECHORA_ROLES" not in found
    assert (found["EMBEDDING_THREADS"], found["WORLD_SPEED"]) == ("1", "9")


def metrics(embedded: int, patched: int) -> str:
    registry = CollectorRegistry()
    points = Counter("echora_points_total", "Points.", ["way"], registry=registry)
    Gauge("echora_other", "Not counted.", registry=registry).set(4)
    points.labels("embedded").inc(embedded)
    points.labels("patched").inc(patched)
    return generate_latest(registry).decode()


def test_counters_are_added_up_over_the_lives_of_a_program() -> None:
    tally = Tally()
    tally.take(metrics(10, 3))
    tally.take(metrics(12, 5))
    tally.died()
    tally.take(metrics(1, 0))
    # Killed and restarted between two looks: a counter that fell has begun anew.
    tally.take(metrics(0, 2))
    assert tally.sums("echora_points_total", "way") == {("embedded",): 13, ("patched",): 7}


ACTIVITY = {
    "now": NOW.isoformat(), "world_url": "http://127.0.0.1:1", "outbox_pending": 0, "after": 9,
    "told": {"anime.episode.aired": 4, "anime.updated": 3, "character.updated": 1},
    "held": {"pending": {"title changed": 2}, "rejected": {"title changed": 1}},
    "workflows": [
        {
            "name": "episode_air_tracking", "rows": 21, "timed": 5, "running": 0, "paused": 0, "retrying": 1,
            "looked_at": 9, "next_due_at": NOW.isoformat(), "timers_set": 30, "timers_repeated": 6,
            "outcomes": {"aired: N": 9}, "misses": {"skipped": 1},
        }
    ],
    "happenings": [
        {
            "number": 9, "at": NOW.isoformat(), "kind": "score", "entity_id": "e", "title": "A \x1b[31mShow",
            "text": "score 8.10",
        }
    ],
}  # fmt: skip
STATUS = {"consumers": [{"name": "qdrant-consumer", "lag": 2, "in_flight": 1}]}


async def watched() -> Watch:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metrics":
            return httpx.Response(200, text=metrics(7, 8))
        return httpx.Response(200, json={"/activity": ACTIVITY, "/status": STATUS}[request.url.path])

    watch = Watch(httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://program"))
    await watch.look()
    return watch


async def test_the_picture_says_what_the_program_does() -> None:
    watch = await watched()
    said = dict(counts(watch))
    assert said["episodes"] == "4 confirmed, 6 retried, 1 windows skipped"
    assert said["changes"] == "1 scores moved, 2 of anime, 1 of people"
    assert said["held"] == "2 title changed"
    assert said["index"] == "7 embedded, 8 only patched"
    assert said["lag"] == "qdrant-consumer 3"
    (row,) = workflow_rows(watch)
    assert row[0] == "episode air tracking"
    assert row[6] == "1 skipped"


async def test_a_busy_program_is_not_at_rest_and_a_dead_one_neither() -> None:
    watch = await watched()
    assert not watch.is_at_rest
    watch.status = {"consumers": []}
    assert watch.is_at_rest
    gone = Watch(
        httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(503)), base_url="http://program")
    )
    await gone.look()
    assert not gone.is_at_rest


async def test_a_line_is_written_when_there_is_news() -> None:
    watch, lines = await watched(), list[str]()
    screen = Lines(lines.append)
    for share, phase in ((0.10, "watching"), (0.11, "watching"), (0.13, "watching"), (0.13, "coming to rest")):
        screen.show(Frame(phase, NOW, share, 2, 2520), watch)
    assert len(lines) == 3
    assert lines[0].startswith(" 10%  Mon 2026-08-10 12:00  watching, killed 2 times  episodes: 4 confirmed")
    assert plain_line(Frame("starting", None, 0), watch).startswith("  0%  -  starting")


async def test_what_a_title_says_does_not_steer_the_terminal() -> None:
    from rich.console import Console

    console = Console(width=120, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(picture(Frame("watching", NOW, 0.5, 0, 2520), await watched()))
    assert "A [31mShow" in capture.get()
    assert "\x1b" not in capture.get()
