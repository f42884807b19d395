"""`echora world` as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from streams.embedded.waiting import wait_until

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
# One anime by its id on each service, and where each service is below the address of a world.
FRIEREN = {"jikan": "52991", "anilist": "154587", "kitsu": "46474", "mal": "52991"}
PATHS = {
    "JIKAN_BASE_URL": "/jikan/v4",
    "ANILIST_BASE_URL": "/anilist",
    "KITSU_BASE_URL": "/kitsu/api/edge",
    "MAL_BASE_URL": "/mal/v2",
}
ECHORA = str(Path(sys.executable).parent / "echora")


class WorldProcess:
    """A running world; `url` is where it answers."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def get(self, path: str) -> Any:
        return httpx.get(self.url + path, timeout=30, trust_env=False).raise_for_status().json()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT_S)


@contextmanager
def running_world(folder: Path, *options: str) -> Iterator[WorldProcess]:
    """Start it on a free port and wait until it says where it is; nothing of it is left afterwards."""
    log = folder / "world.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [ECHORA, "world", "--port", "0", *options], stdout=out, stderr=subprocess.STDOUT, text=True, cwd=folder
        )
    try:
        assert wait_until(lambda: process.poll() is not None or "Ctrl-C" in log.read_text(), START_TIMEOUT_S)
        assert process.poll() is None, log.read_text()
        url = next(word for word in log.read_text().split() if word.startswith("http://"))
        yield WorldProcess(process, url)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_TIMEOUT_S)
