"""`echora fetch` on the running program: in a world of its own, in one that is named, and of services by setting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.program.conftest import NewProgram
from tests.integration.program.running import Program, end, running
from tests.integration.world.process import FRIEREN, PATHS, WorldProcess, running_world
from tests.servers import temporary_folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldProcess]:
    with running_world(tmp_path_factory.mktemp("world"), "--speed", "600") as process:
        yield process


@pytest.fixture(scope="module")
def named_world(new_program: NewProgram, world: WorldProcess) -> Iterator[Program]:
    """A program that asks a world that runs elsewhere, and Jikan not at all."""
    with (
        temporary_folder() as folder,
        running(new_program(folder, WORLD_URL=world.url, JIKAN_ENABLED="false")) as program,
    ):
        yield program


@pytest.fixture(scope="module")
def live(new_program: NewProgram, world: WorldProcess) -> Iterator[Program]:
    """A program that asks services, at addresses of its settings. (A world answers there; it cannot know.)"""
    addresses = {name: world.url + path for name, path in PATHS.items()}
    settings = {"ECHORA_SOURCES": "live", "MAL_CLIENT_ID": "ours", **addresses}
    with temporary_folder() as folder, running(new_program(folder, **settings)) as program:
        yield program


def observed(program: Program, source: str) -> dict[str, Any]:
    """What `echora fetch SOURCE ID --json` printed of Frieren."""
    account = program.json("fetch", source, FRIEREN[source])
    assert (account["source"], account["kind"], account["failures"]) == (source, "anime", {})
    seen: dict[str, Any] = account["observations"][FRIEREN[source]]
    return seen


@pytest.mark.parametrize("source", FRIEREN)
def test_a_source_tells_of_frieren(program: Program, source: str) -> None:
    seen = observed(program, source)
    assert seen["source"] == source
    assert seen["platform"] == ("mal" if source == "jikan" else source)
    assert seen["external_id"] == FRIEREN[source]
    assert "Frieren" in f"{seen['anime']['title']} {seen['anime'].get('title_english')}"
    assert seen["anime"]["type"] == "TV"
    assert {"title", "type", "status"} <= set(seen["speaks_for"])
    assert not set(seen["speaks_for"]) & set(seen["open"])
    assert len(seen["raw_sha256"]) == 64
    assert seen["observed_at"] <= seen["fetched_at"]


def test_without_json_it_is_for_people(program: Program) -> None:
    done = program.echora("fetch", "anilist", FRIEREN["anilist"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("anilist 154587, observed 2026-")
    assert "Frieren" in done.stdout
    assert "not said: " in done.stdout


def test_only_some_fields_and_other_kinds(program: Program) -> None:
    account = program.json("fetch", "kitsu", FRIEREN["kitsu"], "--field", "title", "--field", "status")
    (seen,) = account["observations"].values()
    assert set(seen["speaks_for"]) | set(seen["open"]) == {"title", "status"}
    (seen,) = program.json("fetch", "jikan", "52991", "--kind", "characters")["observations"].values()
    assert any("Frieren" in one["name"] for one in seen["characters"])
    (seen,) = program.json("fetch", "jikan", "52991:1", "--kind", "episode")["observations"].values()
    assert [one["episode_number"] for one in seen["episodes"]] == [1]


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["netflix", "1"], 1, "there is no source 'netflix'; there are anilist, jikan, kitsu, mal"),
        (["jikan", "99999999"], 1, "jikan 99999999: not found: jikan does not know anime 99999999"),
        (["anilist", "99999999"], 1, "anilist 99999999: not found: "),
        (["kitsu", "99999999"], 1, "kitsu 99999999: not found: "),
        (["mal", "99999999"], 1, "mal 99999999: not found: "),
        (["jikan", "frieren"], 1, "'frieren' is no id of jikan; ids are numbers"),
        (["mal", "52991", "--kind", "characters"], 1, "mal does not give characters"),
        (["jikan", "52991", "--kind", "songs"], 2, "kind: Input should be 'anime', 'statistics'"),
        (["jikan"], 2, "ID…"),
    ],
)
def test_what_cannot_be_told_ends_with_a_code_and_a_reason(
    program: Program, words: list[str], code: int, reason: str
) -> None:
    done = program.echora("fetch", *words)
    assert done.returncode == code, done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_what_one_id_lacks_costs_the_others_nothing(program: Program) -> None:
    done = program.echora("fetch", "jikan", "52991", "99999999", "--json")
    assert done.returncode == 1
    account = json.loads(done.stdout)
    assert list(account["observations"]) == ["52991"]
    assert account["failures"]["99999999"]["kind"] == "not found"
    assert account["failures"]["99999999"]["passes"] is False


def test_the_program_says_where_its_world_is(program: Program) -> None:
    line = next(line for line in program.said.splitlines() if "the simulated world stands for the sources" in line)
    assert "http://127.0.0.1:" in line


@pytest.mark.parametrize("source", ["anilist", "kitsu", "mal"])
def test_a_world_that_is_named_is_asked(named_world: Program, source: str) -> None:
    assert observed(named_world, source)["source"] == source
    assert not (named_world.home / "world.json").exists(), "it runs none of its own"


def test_a_source_that_is_switched_off_is_not_asked(named_world: Program) -> None:
    done = named_world.echora("fetch", "jikan", "52991")
    assert done.returncode == 1
    assert "jikan is switched off by its settings" in done.stderr


@pytest.mark.parametrize("source", FRIEREN)
def test_a_service_is_asked_by_setting_alone(live: Program, source: str) -> None:
    assert "Frieren" in json.dumps(observed(live, source)["anime"])
    assert "the simulated world" not in live.said


@pytest.mark.parametrize(("holder", "other"), [("live", "world"), ("named_world", "live")])
def test_world_and_live_never_share_a_database(request: pytest.FixtureRequest, holder: str, other: str) -> None:
    """The last tests of their programs: each is stopped, and started with the other word in the same folder."""
    program: Program = request.getfixturevalue(holder)
    program.interrupt()
    second = Program(program.folder, {"ECHORA_DEMO": "false", "ECHORA_SOURCES": other})
    try:
        second.launch()
        assert second.wait() == 1
        held = "live" if holder == "live" else "world"
        assert second.said.count("\n") == 1, second.said
        assert second.said.startswith("echora: this database holds what ")
        assert f"set ECHORA_SOURCES={held}, or use another database" in second.said
    finally:
        end(second)


def test_with_servers_of_ones_own_the_sources_must_be_said(tmp_path: Path) -> None:
    program = Program(tmp_path, {"NATS_URL": "nats://127.0.0.1:1"})
    program.launch()
    assert program.wait() == 1
    assert program.said.startswith("echora: ")
    assert "ECHORA_SOURCES is not set" in program.said
    assert program.said.count("\n") == 1
