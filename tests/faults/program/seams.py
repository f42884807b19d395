"""Every step of the program that touches the outside, found where it leaves our code: at the drivers.

Nothing here knows a step by name. A statement is named by its .sql file or by its verb, a message by its subject, an
index call by its method, and each by the place in our code that asked for it, so that a new step is a new point on the
day it appears. Each point has two moments: `before` nothing has happened outside, `after` it has, and nobody here has
taken notice yet.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from handlers.queries import queries_of

ROOT: Final = Path(__file__).parents[3]
_OURS: Final = tuple(f"{ROOT}/{part}/" for part in ("handlers", "streams", "contracts"))
_FRAMES_MAX: Final = 60
_PLAIN_WORD: Final = re.compile(r"[A-Za-z_$][A-Za-z_$-]*$")


@dataclass(slots=True)
class Fault:
    """What happens at one moment of one point, at its `occurrence`th time from now; `action` gets no argument.

    With `within`, only while one of these files of ours is at work.
    """

    point: str
    when: str
    occurrence: int
    action: str
    detail: float = 0.0
    within: Sequence[str] = ()
    seen: int = 0


@dataclass(slots=True)
class Seams:
    """Counts what is passed, and does what is armed."""

    tell: Callable[..., None]
    reached: Counter[str] = field(default_factory=Counter)
    # What is passed while one of these files is at work is counted once more, apart.
    watched: Sequence[str] = ()
    reached_within: Counter[str] = field(default_factory=Counter)
    armed: list[Fault] = field(default_factory=list)
    actions: dict[str, Callable[[Fault], None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, fault: Fault) -> None:
        with self._lock:
            self.armed.append(fault)

    def disarm(self) -> None:
        with self._lock:
            self.armed.clear()

    def take_counts(self) -> dict[str, int]:
        with self._lock:
            counts, self.reached = dict(self.reached), Counter()
        return counts

    def watch(self, files: Sequence[str]) -> dict[str, int]:
        """Count from now on what is passed on behalf of these files; what was so far."""
        with self._lock:
            counts, self.reached_within, self.watched = dict(self.reached_within), Counter(), tuple(files)
        return counts

    def is_watched(self, point: str) -> bool:
        """Whether something is armed here; then it is worth waiting until the outside has taken notice."""
        return any(_matches(fault.point, point) for fault in self.armed)

    def before(self, point: str) -> None:
        with self._lock:
            self.reached[point] += 1
            if self.watched and on_behalf_of(self.watched):
                self.reached_within[point] += 1
        self._act(point, "before")

    def after(self, point: str) -> None:
        self._act(point, "after")

    def _act(self, point: str, when: str) -> None:
        if not self.armed:
            return
        with self._lock:
            due = [fault for fault in self.armed if fault.when == when and _matches(fault.point, point)]
            due = [fault for fault in due if not fault.within or on_behalf_of(fault.within)]
            for fault in due:
                fault.seen += 1
            due = [fault for fault in due if fault.seen >= fault.occurrence]
        for fault in due:
            self._do(fault, point)

    def _do(self, fault: Fault, point: str) -> None:
        if fault.action == "kill":
            self.tell(hit=point, when=fault.when)
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # The signal is on its way; nothing may happen any more.
        if fault.action == "count":
            return
        if fault.seen == fault.occurrence:
            self.tell(hit=point, when=fault.when)
        self.actions[fault.action](fault)

    async def around(self, point: str, call: Callable[[], Awaitable[Any]]) -> Any:
        self.before(point)
        result = await call()
        self.after(point)
        return result


def _matches(pattern: str, point: str) -> bool:
    """A point by its name, or every one that begins with what stands before a star."""
    return point.startswith(pattern[:-1]) if pattern.endswith("*") else point == pattern


# --- names -----------------------------------------------------------------------------------------------------


def asked_by() -> str:
    """The place in our code that led here, as file:function."""
    frame = sys._getframe(2)
    for _ in range(_FRAMES_MAX):
        path = frame.f_code.co_filename
        if path.startswith(_OURS):
            return f"{path[len(str(ROOT)) + 1 :]}:{frame.f_code.co_name}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "a library"


def on_behalf_of(files: Sequence[str]) -> bool:
    """Whether a function of one of these files is waiting for what happens now; threads of the index tell nobody."""
    wanted = tuple(f"{ROOT}/{name}" for name in files)
    frame = sys._getframe(1)
    for _ in range(_FRAMES_MAX):
        if frame.f_code.co_filename.startswith(wanted):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


def query_names() -> dict[str, str]:
    """The name of every query that stands in a file of its own, by its text."""
    steps = (ROOT / "streams").rglob("*.sql")
    found = {path.read_text(encoding="utf-8").strip(): path.stem for path in steps}
    for folder in (ROOT / "handlers").glob("*/queries"):
        query = queries_of(f"handlers.{folder.parent.name}")
        found |= {query(path.stem).strip(): path.stem for path in folder.glob("*.sql")}
    return found


def subject_name(subject: str, payload: bytes, reply: str = "") -> str:
    """A subject without ids, and what an answer to JetStream says."""
    tokens = subject.split(".")
    if subject.startswith("$JS.ACK."):
        word = {b"+WP": "progress", b"-NA": "nak", b"+TE": "term"}.get(payload[:3], "ack")
        return f"{word} {tokens[3 if len(tokens) < 12 else 5]}"
    if subject.startswith("$JS.API."):
        return " ".join(token for token in tokens[2:] if _PLAIN_WORD.match(token) and len(token) < 60)
    return ".".join(token if _PLAIN_WORD.match(token) else "*" for token in tokens)


def message_name(subject: bytes, reply: bytes) -> str:
    """What has arrived: a message of a consumer, or an answer."""
    if reply.startswith(b"$JS.ACK."):
        tokens = reply.decode().split(".")
        return f"message of {tokens[3 if len(tokens) < 12 else 5]}"
    return "answer or notice"
