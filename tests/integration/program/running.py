"""The real program as a person runs it: `faststream run streams:app` in a process group of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from streams.embedded.sockets import socket_folder
from streams.embedded.waiting import wait_until
from streams.secret_files import SUFFIX
from streams.settings import Settings, secret_names

BIN: Final = Path(sys.executable).parent
START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 60.0
COMMAND_TIMEOUT_S: Final = 120.0
_OURS: Final = frozenset(str(field.alias) for field in Settings.model_fields.values()) | {
    name + SUFFIX for name in secret_names()
}


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of this test run without any setting of the program, and with these."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS and not name.startswith("ECHORA_")}
    return kept | dict(settings)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
    return port


def share_models(models: Path, home: Path) -> None:
    """Give `home` the model that was built elsewhere, so that its first start need not build it again."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(models, home / "models", copy_function=os.link)


@dataclass(slots=True)
class Program:
    """One run. `folder` is its working directory, `home` its data folder; `said` is what it wrote to standard error."""

    folder: Path
    settings: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _client: httpx.Client | None = None
    family: list[psutil.Process] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / self.settings.get("ECHORA_HOME", ".echora")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def nats_url(self) -> str:
        """Where NATS is: the operator's, or the embedded one."""
        named = self.settings.get("NATS_URL")
        return named or f"nats://127.0.0.1:{json.loads((self.home / 'run' / 'ports.json').read_text())['nats_port']}"

    @property
    def postgres_url(self) -> str:
        """Where PostgreSQL is: the operator's, or the embedded one."""
        named = self.settings.get("POSTGRES_URL")
        return named or f"postgresql://echora@/postgres?host={socket_folder(self.home.resolve())}"

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def log(self) -> Path:
        """Where it writes."""
        # A name of each run's own: a folder is started in more than once.
        return self.folder / f"said-{self.port}.log"

    @property
    def http(self) -> httpx.Client:
        """Its HTTP address; the certificates of the world are not needed for it and take long to read."""
        if self._client is None:
            self._client = httpx.Client(base_url=self.url, timeout=30, trust_env=False, verify=False)
        return self._client

    def run_command(self) -> list[str]:
        return [str(BIN / "faststream"), "run", "streams:app", *self.arguments]

    def launch(self) -> None:
        """Start it and wait for nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as errors:
            self.process = subprocess.Popen(
                self.run_command(),
                cwd=self.folder,
                env=environment({**self.settings, "ECHORA_HTTP_PORT": str(self.port)}),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.launch()
        assert self.process is not None
        assert wait_until(lambda: self.ended() or self.ready(), START_TIMEOUT_S, every_s=0.1), self.said
        assert not self.ended(), f"it ended with {self.process.returncode}:\n{self.said}"
        self.look()

    def ready(self) -> bool:
        try:
            return self.http.get("/healthz/ready").status_code == 200
        except httpx.TransportError:
            return False

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def look(self) -> None:
        """Remember every process that belongs to it now."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        self.family = [*self.family, parent, *parent.children(recursive=True)]

    def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Wait for its end; its exit code."""
        assert self.process is not None
        return self.process.wait(timeout_s)

    def interrupt(self) -> int:
        """Ctrl-C, which a terminal sends to the whole process group; the exit code."""
        assert self.process is not None
        self.look()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait()

    def kill(self) -> None:
        """kill -9 of the program alone."""
        assert self.process is not None
        self.look()
        self.process.kill()
        self.wait()

    def left(self) -> list[psutil.Process]:
        """Processes of its family that still live."""
        return [one for one in self.family if _runs(one)]

    def server_pid(self, name: str) -> int:
        """The embedded server `name`, by its pid file."""
        pid: int = json.loads((self.home / "run" / f"{name}.pid.json").read_text())["server"]["pid"]
        return pid

    # --- what a person does with it ---------------------------------------------------------------------------

    def command(self, *words: str) -> list[str]:
        return [str(BIN / "echora"), *words]

    def command_environment(self) -> dict[str, str]:
        return environment({"ECHORA_URL": self.url, "COLUMNS": "200"})

    def echora(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `echora` and wait for it."""
        return subprocess.run(
            self.command(*words),
            env=self.command_environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def json(self, *words: str) -> Any:
        """What `echora … --json` printed; it must have ended well."""
        done = self.echora(*words, "--json")
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def ingest(self, *records: Mapping[str, Any], name: str = "records.jsonl") -> dict[str, Any]:
        """Hand these records in through the command line; its summary."""
        path = self.folder / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        done = self.echora("ingest", str(path), "--json")
        summary: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (1 if summary["refused"] or summary["undecided"] or summary["errors"] else 0)
        return summary

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.http.get(path, params=parameters or None)

    def titles(self, query: str, **parameters: Any) -> list[str]:
        """The titles that a search finds, best first."""
        return [hit["title"] for hit in self.hits(query, **parameters)]

    def hits(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/search", q=query, **parameters).raise_for_status().json()["hits"]
        return found

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.get("/status").raise_for_status().json()
        return status

    def settled(self) -> bool:
        """Whether everything that was handed in has gone all the way: no consumer lags, the outbox is empty."""
        status = self.status()
        busy = [one for one in status["consumers"] if one["lag"] or one["in_flight"]]
        return not busy and not status["outbox"]["pending"] and not status["problems"]

    def settle(self) -> None:
        """Wait for that; asked twice, since between outbox and stream a message is for a moment in neither."""
        assert until(lambda: self.settled() and self.settled()), self.status()

    def dead_letters(self) -> int:
        count: int = next(one["messages"] for one in self.status()["streams"] if one["name"] == "ANIME_DLQ")
        return count


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> bool:
    """Wait for a condition that asks the program; a look that fails counts as no."""

    def holds() -> bool:
        try:
            return bool(condition())
        except (httpx.HTTPError, OSError, AssertionError):
            return False

    return wait_until(holds, timeout_s, every_s=0.1)


@contextmanager
def running(program: Program) -> Iterator[Program]:
    """Start it, and leave nothing of it behind whatever happens in between."""
    try:
        program.start()
        yield program
    finally:
        end(program)


def end(program: Program) -> None:
    """End whatever is left of a run; fails when its servers outlive it."""
    if program.process is not None and not program.ended():
        os.killpg(program.process.pid, signal.SIGINT)
        try:
            program.wait()
        except subprocess.TimeoutExpired:
            program.kill()
    program.http.close()
    assert wait_until(lambda: not program.left(), 15), f"processes are left: {program.left()}"


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
