"""The commands against a real HTTP server with a program that answers from memory behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from streams.cli.application import app
from streams.http import http_application
from tests.unit.http.fakes import Program

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Program]]:
    """The address of a server, and the program behind it."""
    program = Program()
    application = http_application(program.services(), version="0", registry=CollectorRegistry())
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    started = threading.Event()
    _when_started(server, started)
    thread.start()
    assert started.wait(30), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", program
    server.should_exit = True
    thread.join(30)


def _when_started(server: uvicorn.Server, started: threading.Event) -> None:
    startup = server.startup

    async def told(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = told  # type: ignore[method-assign]


@pytest.fixture
def program(served: tuple[str, Program]) -> Program:
    """The program behind the server, with a clean memory."""
    _, program = served
    letters, review = program.letters, program.review
    letters.__init__()  # type: ignore[misc]
    review.__init__()  # type: ignore[misc]
    program.__init__(letters=letters, review=review)  # type: ignore[misc]
    return program


@pytest.fixture
def echora(served: tuple[str, Program], program: Program, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command against the server."""
    monkeypatch.setenv("ECHORA_URL", served[0])
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args: object, **options: Any) -> Result:
        return CliRunner().invoke(app, [str(arg) for arg in args], **options)

    return run
