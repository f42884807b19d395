"""The data folder (ECHORA_HOME): one program at a time, readable by its owner only."""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from streams.embedded.errors import HomeInUse, HomeUnusable
from streams.embedded.files import read_json, write_json
from streams.embedded.ports import choose_port
from streams.embedded.reap import reap

LOGGER = structlog.stdlib.BoundLogger
_PID_BYTES_MAX = 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class HomeLock:
    """Holds `path` by flock, with our pid in it. The kernel lets go of it when we end, however we end.

    The handle is closed at exec, so no server inherits it and keeps the folder locked after us.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock; raises HomeInUse when another holder lives, HomeUnusable when the disk cannot lock."""
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._handle, _PID_BYTES_MAX, 0).decode(errors="replace").strip()
            os.close(self._handle)
            raise HomeInUse(
                f"the data folder {path.parent} is in use by process {holder or '(just starting)'}: "
                "stop that one, or set ECHORA_HOME to another folder"
            ) from None
        except OSError as error:
            os.close(self._handle)
            raise HomeUnusable(f"{path} cannot be locked ({error.strerror}): choose a folder on a local disk") from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another program have the folder. Idempotent."""
        if self._handle >= 0:
            os.ftruncate(self._handle, 0)
            # By name: a child that is being started this moment may still share the handle.
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = -1


@dataclass(frozen=True, slots=True)
class Home:
    """The opened data folder; `path` is absolute. Close it last, when the servers in it have stopped."""

    path: Path
    lock: HomeLock

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Create the folder if need be, lock it, and end the servers that a killed run left in it.

        Raises HomeInUse when another program holds it, HomeUnusable when it cannot be used.
        """
        absolute = Path(path).expanduser().absolute()
        try:
            created = not absolute.exists()
            absolute.mkdir(mode=0o700, parents=True, exist_ok=True)
            absolute = absolute.resolve()
            home = cls(absolute, HomeLock(absolute / "lock"))
        except OSError as error:
            if error.errno in _FULL:
                raise HomeUnusable(
                    f"the disk of the data folder {absolute} is full ({error.strerror}): make room there, or set "
                    "ECHORA_HOME to a folder on another disk"
                ) from None
            raise HomeUnusable(
                f"the data folder {absolute} cannot be used ({error.strerror}): "
                "make it a folder of your own, or set ECHORA_HOME to another one"
            ) from None
        if created:
            # Inside a checkout, nothing of the data may be committed by accident.
            (absolute / ".gitignore").write_text("*\n")
        home._reap()
        return home

    def folder(self, name: str) -> Path:
        """The folder `name` in the data folder, created for the owner only."""
        made = self.path / name
        made.mkdir(mode=0o700, exist_ok=True)
        return made

    def log(self, server: str) -> Path:
        """Where the output of `server` goes."""
        return self.folder("logs") / f"{server}.log"

    def pidfile(self, server: str) -> Path:
        """Where the process of `server` is remembered for the next start."""
        return self.folder("run") / f"{server}.pid.json"

    def nats_port(self) -> int:
        """A free loopback port for NATS: the one of last time if nobody took it. Remembered for next time."""
        return self._port("nats_port")

    def nats_monitoring_port(self) -> int:
        """Another one, for the pages on which NATS says how it is."""
        return self._port("nats_monitoring_port", besides=self.nats_port())

    def close(self) -> None:
        """Release the folder. Idempotent."""
        self.lock.release()

    def _port(self, key: str, besides: int = 0) -> int:
        state = self.folder("run") / "ports.json"
        known = read_json(state)
        port = choose_port(known.get(key), seed=str(self.path), besides=besides)
        if known.get(key) != port:
            write_json(state, {**known, key: port})
        return port

    def _reap(self) -> None:
        log: LOGGER = structlog.get_logger(__name__)
        for pidfile in sorted(self.folder("run").glob("*.pid.json")):
            ended = reap(pidfile)
            if ended:
                log.warning("ended what a killed run left behind", server=pidfile.name.split(".")[0], pids=ended)
