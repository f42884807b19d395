"""The program as a child: started as `make run` starts it, killed with -9 when wanted, and stopped at the end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from contracts.errors import Permanent
from streams.settings import PREFIX, Settings

START_S: Final = 300.0
STOP_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.1
_SAID_CHARS_MAX: Final = 2_000
_PR_SET_PDEATHSIG: Final = 1
# Of the settings around us only these count: the demo has servers, a clock and a world of its own.
_INHERITED: Final = ("EMBEDDING_",)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
    return port


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our environment without any setting of the program but those of the model, and with these."""
    ours = {str(one.alias) for one in Settings.model_fields.values()}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_INHERITED) or not (name in ours or name.startswith(PREFIX))
    }
    return kept | dict(settings)


def _ends_with_us() -> None:
    """Have the kernel stop the program when the demo is killed, which elsewhere than on Linux nobody does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """One program in `home`; what it says goes to `log`. A start after a kill goes on where it was."""

    home: Path
    port: int = field(default_factory=free_port)
    kills: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it said in all its lives."""
        return self.home / "program.log"

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self, settings: Mapping[str, str]) -> None:
        """Start it and return at once."""
        own = {"ECHORA_HOME": str(self.home), "ECHORA_HTTP_PORT": str(self.port), "ECHORA_LOG_FORMAT": "console"}
        program = Path(sys.executable).with_name("faststream")
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(program),
                "run",
                "streams:app",
                cwd=self.home,
                env=environment({**own, **settings}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_ends_with_us,
            )

    async def ready(self, client: httpx.AsyncClient) -> None:
        """Wait until it says that it is ready. Raises Permanent when it ends before that, with its last words."""
        async with asyncio.timeout(START_S):
            while not await self._answers(client):
                if not self.is_running:
                    raise Permanent(f"the program ended while it started; {self.log} says:\n{self.last_words()}")
                await asyncio.sleep(_LOOK_EVERY_S)

    async def kill(self) -> None:
        """kill -9 of the program alone; its servers live on until the next start finds them."""
        if self._process is not None and self.is_running:
            self._process.kill()
            await self._process.wait()
            self.kills += 1

    async def stop(self) -> None:
        """Ctrl-C, as a terminal sends it to the whole group; kill -9 of the group when that takes too long."""
        process = self._process
        if process is None:
            return
        self._signal(signal.SIGINT)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await process.wait()

    def last_words(self) -> str:
        """The end of what it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_SAID_CHARS_MAX:] if self.log.exists() else ""

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get("/healthz/ready")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _signal(self, number: int) -> None:
        # Also when the program itself is gone already: its servers are of its group.
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
