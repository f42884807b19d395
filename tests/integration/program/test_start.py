"""Starting with nothing, starting again, and what is refused at start in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from streams.settings import SettingsError, load_settings
from tests.integration.program.running import Program, environment, free_port, running, until
from tests.servers import temporary_folder

EMBEDDED_PARTS = "NATS, PostgreSQL, Qdrant Edge"
SERVERS = {"NATS_URL": "nats://localhost", "POSTGRES_URL": "postgresql://localhost/x"}


@pytest.fixture(scope="module")
def again(first_run: Program) -> Iterator[Program]:
    """A second start in the folder of the first."""
    with running(Program(first_run.folder, {})) as program:
        yield program


@pytest.fixture(scope="module")
def refused(again: Program) -> Iterator[dict[str, Program]]:
    """Starts that must be refused, ended; they run side by side to save time."""
    nowhere = f"postgresql://echora@127.0.0.1:{free_port()}/echora"
    away = {"ECHORA_ROLES": "ingest,persist,relay", "NATS_URL": again.nats_url, "POSTGRES_URL": nowhere}
    with temporary_folder() as folder:
        starts = {
            "folder": Program(again.folder, {}),
            "port": Program(folder / "port", {}, port=again.port),
            "role": Program(folder / "role", {"ECHORA_ROLES": "persist"}),
            "workers": Program(folder / "workers", {}, ("--workers", "2")),
            "server": Program(folder / "server", away),
        }
        for program in starts.values():
            program.launch()
        for program in starts.values():
            assert program.wait() == 1
            assert program.said.startswith("echora: "), program.said
            assert program.said.count("\n") == 1, program.said
        assert not (folder / "role" / ".echora").exists(), "a wrong setting must not leave a data folder behind"
        yield starts


def test_the_first_start_says_where_it_is_and_what_to_try(first_run: Program) -> None:
    said = first_run.said
    for words in (
        f"is up: {first_run.url}",
        EMBEDDED_PARTS,
        ".echora",
        "texts are embedded by sentence-transformers/all-MiniLM-L6-v2",
        "the demo catalogue is being loaded",
        "echora search",
        "echora ingest",
        "Ctrl-C stops it",
        "demo catalogue loaded",
    ):
        assert words in said, words
    assert "Traceback" not in said
    assert '"level": "error"' not in said


def test_without_settings_all_data_is_in_one_folder_of_the_working_directory(first_run: Program) -> None:
    """HOME is a variable of the system, and not the data folder, whatever the setting is called inside."""
    made = {path.name for path in first_run.folder.iterdir() if path.suffix != first_run.log.suffix}
    assert made == {".echora"}
    assert {"index", "models", "nats", "postgres"} <= {path.name for path in first_run.home.iterdir()}


def test_ctrl_c_ends_it_without_a_trace(first_run: Program) -> None:
    """130 is what a shell expects of a program that was interrupted."""
    assert first_run.process is not None
    assert first_run.process.returncode == 130
    assert first_run.left() == []
    assert list((first_run.home / "run").glob("*.pid.json")) == []


def test_the_second_start_has_the_data_of_the_first(again: Program) -> None:
    """The first was stopped while it still embedded; what it had not finished is finished now."""
    assert "demo catalogue is being loaded" not in again.said
    space = "bounty hunters travel through space in their ship"
    assert until(lambda: "Cowboy Bebop" in again.titles(space, limit=3))
    assert again.status()["index"]["points"] > 60


def test_a_second_program_in_the_same_folder_is_refused(again: Program, refused: dict[str, Program]) -> None:
    assert again.process is not None
    assert f"is in use by process {again.process.pid}" in refused["folder"].said
    assert again.ready()


def test_a_port_that_is_taken_is_refused_before_anything_is_said_to_be_up(refused: dict[str, Program]) -> None:
    assert f"HTTP cannot listen on 127.0.0.1, port {refused['port'].port} (" in refused["port"].said


def test_a_server_that_is_away_is_named(refused: dict[str, Program]) -> None:
    assert "PostgreSQL is not available: " in refused["server"].said


def test_a_part_of_the_graph_needs_servers_that_the_parts_share(refused: dict[str, Program]) -> None:
    for words in ("ECHORA_ROLES=persist", "set NATS_URL and POSTGRES_URL"):
        assert words in refused["role"].said


def test_two_workers_cannot_share_embedded_servers(refused: dict[str, Program]) -> None:
    """F19 with us: said before anything starts, with an exit code."""
    for words in ("--workers 2", EMBEDDED_PARTS, "one worker"):
        assert words in refused["workers"].said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ECHORA_ROLES": "persist,dance"}, ("no such role: dance", "ingest, persist, relay")),
        ({"ECHORA_HTTP_PORT": "eighty"}, ("ECHORA_HTTP_PORT=eighty", "integer")),
        ({"ECHORA_HTTP_PORT": "65536"}, ("ECHORA_HTTP_PORT=65536", "65535")),
        ({"ECHORA_HTPP_PORT": "80"}, ("ECHORA_HTPP_PORT", "docs/configuration.md")),
        ({"RELAY_BATCH": "0"}, ("RELAY_BATCH=0", "greater than or equal to 1")),
        ({"ECHORA_ROLES": "index", **SERVERS}, ("index and search", "QDRANT_URL")),
        ({"EMBEDDING_MODEL_PATH": "/no/such/folder"}, ("EMBEDDING_MODEL_PATH", "/no/such/folder is no folder")),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    for name in set(os.environ) - set(environment({})):
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_variables_of_the_system_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field called `home` must not be read from HOME."""
    for name in ("HOME", "ROLES", "DEMO", "LOG_LEVEL"):
        monkeypatch.setenv(name, "elsewhere")
    settings = load_settings()
    assert (settings.demo, settings.log_level) == (True, "info")
    assert str(settings.home) == ".echora"
