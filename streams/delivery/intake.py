"""Which streams take what is published and which do not, as confirmations, refusals and silence tell it.

A limit that is reached says so in the answer. A full disk below JetStream says nothing to a client: the server goes on
answering questions, and no publish to the stream is confirmed any more, until it is restarted with room on its disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from contracts.clock import Clock

# A server that is busy may be late with one confirmation; it is not with two, and for this long.
SILENT_S: Final = 10.0
SILENCES_MIN: Final = 2
# Limits of the account and of the server on memory and storage (the server's own table of errors).
_LIMITS: Final = frozenset({10002, 10023, 10028, 10047})
# The error of a store that failed; only its words tell a limit from what else may fail.
_STORE_FAILED: Final = 10077
_STORE_FULL: Final = ("maximum bytes exceeded", "maximum messages exceeded")
_DISK_FULL: Final = ("no space left", "write error")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stream that does not take what is published; `words` are the server's own, empty while it says nothing.

    `since` and `failed_at` are seconds of a clock that never goes back. `connection` counts the connections to the
    server, since what the one before kept silent about says nothing of this one.
    """

    since: float
    failed_at: float
    words: str = ""
    connection: int = 0
    failures: int = 1

    def is_certain(self, now: float) -> bool:
        """Whether this is more than a server that was slow once."""
        return bool(self.words) or (self.failures >= SILENCES_MIN and now - self.since >= SILENT_S)


class Intake:
    """What one process knows of the streams that it publishes to, by their names.

    `full` is of which of them people were told that they take no messages, and in short why.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.full: dict[str, str] = {}
        self._troubles: dict[str, Trouble] = {}
        self._failed_at: dict[str, float] = {}
        self._confirmed_at: dict[str, float] = {}
        self._ended_at: dict[str, float] = {}

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """The streams whose last publish was refused, or not answered."""
        return dict(self._troubles)

    def confirmed(self, stream: str) -> None:
        """The stream has taken a message."""
        self._confirmed_at[stream] = self._clock.monotonic()
        self._end(stream)

    def refused(self, stream: str, words: str) -> None:
        """The server said that there is no room for the message."""
        now = self._clock.monotonic()
        before = self._troubles.get(stream, Trouble(now, now, failures=0))
        self._note(stream, replace(before, failed_at=now, words=words, failures=before.failures + 1))

    def silent(self, stream: str, waited_s: float, connection: int) -> None:
        """The server is connected, and has confirmed nothing for `waited_s`."""
        now = self._clock.monotonic()
        before = self._troubles.get(stream)
        if before is None or before.connection != connection:
            self._note(stream, Trouble(now - waited_s, now, connection=connection))
        else:
            self._note(stream, replace(before, failed_at=now, failures=before.failures + 1))

    def forget(self, stream: str) -> None:
        """Nothing waits for the stream here any more, so nothing will tell whether it takes messages again."""
        self._end(stream)

    def settled_s(self, stream: str) -> float:
        """For how long the stream has had no trouble; 0 while it has."""
        return 0.0 if stream in self._troubles else self._clock.monotonic() - self._ended_at.get(stream, float("-inf"))

    def has_confirmed_since(self, stream: str) -> bool:
        """Whether the stream has taken a message after the last that it did not take."""
        confirmed_at = self._confirmed_at.get(stream)
        if confirmed_at is None or stream in self._troubles:
            return False
        return confirmed_at >= self._failed_at.get(stream, confirmed_at)

    def _end(self, stream: str) -> None:
        if self._troubles.pop(stream, None) is not None:
            self._ended_at[stream] = self._clock.monotonic()

    def _note(self, stream: str, trouble: Trouble) -> None:
        self._troubles[stream] = trouble
        self._failed_at[stream] = trouble.failed_at


def says_full(code: int | None, words: str | None) -> bool:
    """Whether an error of the server says that there is no room, rather than that something is wrong with a message."""
    said = words or ""
    return code in _LIMITS or (code == _STORE_FAILED and said in _STORE_FULL) or is_disk(said)


def is_disk(words: str) -> bool:
    """Whether the server's words are about the disk below it."""
    return any(sign in words for sign in _DISK_FULL)
