"""Programs that are forked from a warm parent, armed with faults, killed, and waited for."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.program.running import environment

# On a busy machine without compiled files the imports alone take a minute.
ZYGOTE_TIMEOUT_S = 240.0
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 40.0
LINE_BYTES_MAX = 64 * 1024 * 1024
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Child:
    """One forked program. `gone` is set when its line to us has ended, which is when its process has."""

    pid: int
    log: Path
    port: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None
    start_counts: dict[str, int] = field(default_factory=dict)
    stop_counts: dict[str, int] = field(default_factory=dict)
    _writer: asyncio.StreamWriter | None = None
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    reading: asyncio.Task[None] | None = None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def ask(self, command: str, **values: Any) -> Any:
        """Have the program do something on its line; raises ConnectionError when it is gone."""
        if self.gone.is_set() or self._writer is None:
            raise ConnectionError("the program is gone")
        number = next(_NUMBERS)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"command": command, "number": number, **values}).encode() + b"\n")
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await self._waiting[number]

    async def arm(
        self,
        point: str,
        when: str = "before",
        occurrence: int = 1,
        action: str = "kill",
        detail: float = 0.0,
        within: Sequence[str] = (),
    ) -> None:
        await self.ask("arm", fault=fault(point, when, occurrence, action, detail, within))

    async def started(self) -> bool:
        """Wait until it runs; False when it ended first."""
        waits = [asyncio.create_task(event.wait()) for event in (self.ready, self.gone)]
        try:
            done, _ = await asyncio.wait(waits, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            assert done, f"neither ready nor gone after {START_TIMEOUT_S:g} s:\n{self.said[-4_000:]}"
        finally:
            for wait in waits:
                wait.cancel()
        return self.ready.is_set()

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            if not self.gone.is_set():
                os.kill(self.pid, number)

    async def killed(self) -> None:
        """kill -9, and wait until nothing of it is left."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def stopped(self) -> int | None:
        """Ask it to end, as a supervisor would; its exit code."""
        self.signal(signal.SIGTERM)
        await self.ended()
        return self.code

    async def ended(self, within_s: float = END_TIMEOUT_S) -> None:
        async with asyncio.timeout(within_s):
            await self.gone.wait()

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.gone.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("the program is gone"))
                    future.exception()

    def _take(self, news: Mapping[str, Any]) -> None:
        if "number" in news:
            future = self._waiting.pop(news["number"])
            if future.done():
                return
            if "error" in news:
                future.set_exception(RuntimeError(news["error"]))
            else:
                future.set_result(news["answer"])
        elif "ready" in news:
            self.start_counts = news["counts"]
            self.ready.set()
        elif "hit" in news:
            self.hit.set()
        elif "bye" in news:
            self.code, self.stop_counts = news["bye"], news["counts"]


def fault(
    point: str,
    when: str = "before",
    occurrence: int = 1,
    action: str = "kill",
    detail: float = 0.0,
    within: Sequence[str] = (),
) -> dict[str, Any]:
    armed = {"point": point, "when": when, "occurrence": occurrence, "action": action, "detail": detail}
    return armed | {"within": list(within)}


class Zygote:
    """The warm parent of every program of the suite."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._forking = asyncio.Lock()
        self._spoilt: set[Path] = set()

    def logs(self) -> list[Path]:
        """What every program and every command wrote, but for those that were sabotaged."""
        return [path for path in sorted(self._folder.glob("*.log")) if path not in self._spoilt]

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.program.zygote",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            env=environment({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}),
        )
        assert "ready" in await self._answer(ZYGOTE_TIMEOUT_S)

    async def stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def _answer(self, timeout_s: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(timeout_s):
            line = await self._process.stdout.readline()
        assert line, "the warm parent has ended; its words are above"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def fork(
        self,
        settings: Mapping[str, str],
        port: int,
        *,
        faults: Sequence[Mapping[str, Any]] = (),
        sabotage: str | None = None,
        words: Sequence[str] = (),
    ) -> Child:
        """A program with these settings, on its way up; or, with `words`, the command `echora` with them."""
        number = next(_NUMBERS)
        address, log = self._folder / f"{number}.sock", self._folder / f"{number}.log"
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.get_running_loop().create_future()
        )
        server = await asyncio.start_unix_server(
            lambda reader, writer: connected.set_result((reader, writer)), address, limit=LINE_BYTES_MAX
        )
        if sabotage is not None:
            self._spoilt.add(log)
        order = {
            "socket": str(address),
            "log": str(log),
            "folder": str(self._folder),
            "environment": {**settings} if words else {**settings, "ECHORA_HTTP_PORT": str(port)},
            "faults": list(faults),
            "sabotage": sabotage,
            "words": list(words),
        }
        async with self._forking:
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            pid = (await self._answer(30))["pid"]
        child = Child(pid, log, port)
        async with asyncio.timeout(START_TIMEOUT_S):
            reader, writer = await connected
        server.close()
        address.unlink()
        child.reading = asyncio.create_task(child.read(reader, writer))
        return child
