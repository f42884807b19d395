"""An address that others reach needs a token, by setting and on the command line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from faststream.nats import NatsBroker

from streams.application import EchoraApplication
from streams.settings import SettingsError, is_loopback, load_settings

TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "echora.example"])
def test_other_machines_need_a_token(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ECHORA_HTTP_HOST", host)
    with pytest.raises(SettingsError, match="set ECHORA_API_TOKEN"):
        load_settings()
    monkeypatch.setenv("ECHORA_API_TOKEN", TOKEN)
    assert load_settings().http_host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_this_machine_needs_none(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ECHORA_HTTP_HOST", host)
    assert is_loopback(load_settings().http_host)


def test_a_short_token_guards_nothing_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHORA_API_TOKEN", "hunter2")
    with pytest.raises(SettingsError, match="ECHORA_API_TOKEN: is too short") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


async def test_a_socket_that_is_handed_over_is_looked_at_too() -> None:
    async def nothing(*_: object) -> None:
        """Nobody gets as far as asking."""

    broker = NatsBroker("nats://127.0.0.1:1", logger=None)
    app = EchoraApplication(broker, http=nothing, host="127.0.0.1", port=1, has_token=False, logger=None)
    with socket.socket() as reachable:
        reachable.bind(("0.0.0.0", 0))
        with pytest.raises(SystemExit, match=r"0\.0\.0\.0.*ECHORA_API_TOKEN"):
            await app.run(run_extra_options={"fd": reachable.fileno()})
