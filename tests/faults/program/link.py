"""The line between a forked program and the suite: commands come in, what happened goes out. A thread of its own, so
that a busy or hanging event loop does not keep it from answering."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

Answer = Callable[[Mapping[str, Any]], Any]


class Link:
    """Connects at once; the end of the connection tells the suite that the process is gone."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._writing = threading.Lock()
        self._answers: dict[str, Answer] = {}

    def on(self, command: str, answer: Answer) -> None:
        """What `command` does; its result is sent back."""
        self._answers[command] = answer

    def listen(self) -> None:
        threading.Thread(target=self._read, name="fault link", daemon=True).start()

    def say(self, **news: Any) -> None:
        line = json.dumps(news).encode() + b"\n"
        with self._writing:
            self._socket.sendall(line)

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in lines:
                asked = json.loads(line)
                try:
                    self.say(answer=self._answers[asked["command"]](asked), number=asked["number"])
                except Exception as error:
                    self.say(error=f"{type(error).__name__}: {error}", number=asked["number"])
