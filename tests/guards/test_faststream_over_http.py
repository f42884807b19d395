"""F19: the library's HTTP application as `faststream run` starts and ends it, and ours beside it.

They run side by side to save time. What the whole program does is in tests/integration/program/test_start.py.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.nats import NatsBroker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from streams.application import EchoraApplication
from streams.embedded import NatsServer
from streams.embedded.waiting import wait_until
from tests.integration.program.running import BIN, environment, free_port
from tests.servers import running_nats, temporary_home

ROOT = Path(__file__).parents[2]
# A worker that takes longer than five seconds to begin is killed and begun again, which a busy machine does often.
WITHIN_S = 180.0


@dataclass
class Run:
    """One application, and what it wrote."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def listens(self) -> bool:
        with socket.socket() as door:
            return door.connect_ex(("127.0.0.1", self.port)) == 0

    def begun(self) -> list[int]:
        """The process of each lifespan that said so."""
        return [int(pid) for pid in re.findall(r"begun in (\d+)", self.said)]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(WITHIN_S)


@contextmanager
def run(folder: Path, name: str, server: NatsServer, *arguments: str) -> Iterator[Run]:
    """`faststream run` of an application of tests/guards/programs; what is left of it is killed."""
    port = free_port()
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(BIN / "faststream"), "run", f"tests.guards.programs.{name}", "--port", str(port), *arguments],
            cwd=ROOT,
            env=environment({"NATS_URL": server.url}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Run(process, port, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(WITHIN_S)


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Runs:
    """Each has an open stream of events and was interrupted; ours last, so the others have had longer to end."""

    library: Run
    library_told: Run
    ours: Run


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    with temporary_home() as home, running_nats(home) as running:
        yield running


@pytest.fixture(scope="module")
def interrupted(server: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("interrupted")
    with ExitStack() as stack:
        library = stack.enter_context(run(folder, "library:app", server))
        told = stack.enter_context(run(folder, "library:app", server, "--timeout-graceful-shutdown", "1"))
        ours = stack.enter_context(run(folder, "ours:app", server))
        for one in (library, told, ours):
            assert wait_until(lambda one=one: one.listens() or one.process.poll() is not None, WITHIN_S), one.said
            client = stack.enter_context(httpx.Client(trust_env=False, timeout=WITHIN_S, verify=False))
            events = stack.enter_context(client.stream("GET", f"http://127.0.0.1:{one.port}/events"))
            assert next(events.iter_bytes())
        for one in (library, told, ours):
            one.interrupt()
        yield Runs(library, told, ours)


def test_f19_by_default_an_open_stream_of_events_holds_ctrl_c_up(interrupted: Runs) -> None:
    interrupted.ours.end()
    assert interrupted.library.process.poll() is None, "it waits for as long as somebody listens"
    assert "Shutting down" in interrupted.library.said


def test_f19_by_default_the_option_that_bounds_the_wait_is_a_traceback(interrupted: Runs) -> None:
    interrupted.library_told.end()
    assert "TypeError" in interrupted.library_told.said


def test_f19_with_us_a_stop_waits_no_longer_than_it_may(interrupted: Runs) -> None:
    assert interrupted.ours.end() in (0, 128 + signal.SIGINT, -signal.SIGINT)
    assert "TypeError" not in interrupted.ours.said


@dataclass
class Refused:
    """Starts that cannot succeed, ended."""

    library: Run
    library_with_workers: Run
    ours: Run


@pytest.fixture(scope="module")
def refused(server: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refused]:
    folder = tmp_path_factory.mktemp("refused")
    with (
        run(folder, "library:cannot_start", server) as library,
        run(folder, "library:cannot_start", server, "--workers", "2") as workers,
        run(folder, "ours:cannot_start", server) as ours,
    ):
        for one in (library, workers, ours):
            one.end()
        yield Refused(library, workers, ours)


def test_f19_by_default_a_start_that_is_refused_is_a_page_of_traceback(refused: Refused) -> None:
    assert refused.library.process.returncode != 0
    assert "Traceback" in refused.library.said
    assert len(refused.library.said.splitlines()) > 15


def test_f19_by_default_with_workers_it_ends_as_if_all_were_well(refused: Refused) -> None:
    assert "begun" in refused.library_with_workers.said
    assert refused.library_with_workers.process.returncode == 0


def test_f19_by_default_each_worker_runs_the_lifespan(server: NatsServer, tmp_path: Path) -> None:
    with run(tmp_path, "library:announces", server, "--workers", "2") as workers:
        # One that was slow to begin is replaced, so that more than two may have begun; two of them live.
        assert wait_until(lambda: len({pid for pid in workers.begun() if is_alive(pid)}) == 2, WITHIN_S), workers.said


def test_f19_with_us_it_is_one_line_and_an_exit_code(refused: Refused) -> None:
    """Workers of embedded servers are refused before anything starts: tests/integration/program/test_start.py."""
    assert refused.ours.said.splitlines() == ["begun", "echora: PostgreSQL is not available: nobody answers"]
    assert refused.ours.process.returncode == 1


# --- F19: paths --------------------------------------------------------------------------------------------------


async def status(app: AsgiFastStream, path: str) -> int:
    """What a request of this path is answered."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://any") as client:
        return (await client.get(path)).status_code


async def test_f19_by_default_a_path_is_matched_letter_by_letter() -> None:
    @get
    async def anime(scope: object) -> AsgiResponse:
        return AsgiResponse(b"found", status_code=200)

    broker = NatsBroker("nats://127.0.0.1:1", logger=None)
    app = AsgiFastStream(broker, asgi_routes=[("/anime", anime), ("/anime/{id}", anime)], logger=None)
    assert (await status(app, "/anime"), await status(app, "/anime/5")) == (200, 404)


async def test_f19_with_us_a_path_may_carry_an_id() -> None:
    async def anime(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.path_params["id"])

    broker = NatsBroker("nats://127.0.0.1:1", logger=None)
    http = Starlette(routes=[Route("/anime/{id}", anime)])
    app = EchoraApplication(broker, http=http, host="127.0.0.1", port=1, has_token=False, logger=None)
    assert (await status(app, "/anime/5"), await status(app, "/anime")) == (200, 404)
