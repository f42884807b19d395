"""Where PostgreSQL's unix socket lies: in the data folder if its path is short and plain enough."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Collection
from pathlib import Path

from streams.embedded.errors import HomeUnusable

# Linux takes 107 bytes, macOS 103, and the name of the socket is among them.
PATH_BYTES_MAX = 103
SOCKET_NAME = ".s.PGSQL.5432"
# Commas and blanks mean something to PostgreSQL's setting and to connection URLs.
_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")


def socket_folder(home: Path) -> Path:
    """The folder of the socket for the data folder `home`; it need not exist yet.

    When `home` is too deep, it is a folder in the system's temporary folder, with a name made from `home`. That
    keeps the one rule of access, a folder that only we may enter; the other way out, TCP with a password, would need
    a secret on disk and in every URL. PostgreSQL touches its socket every hour, so that cleaners of temporary
    folders leave it alone.
    """
    inside = home / "postgres" / "socket"
    name = f"echora-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    candidates = [inside, Path(tempfile.gettempdir()) / name, Path("/tmp") / name]  # noqa: S108 - see make_socket_folder
    return next((folder for folder in candidates if _fits(folder)), candidates[-1])


def make_socket_folder(folder: Path, owners: Collection[int]) -> None:
    """Create `folder`, or find it closed and owned by one of the user ids `owners`.

    In the temporary folder anyone may have made one of that name before us. Raises HomeUnusable then.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
            raise HomeUnusable(
                f"{folder}, meant for PostgreSQL's socket, belongs to someone else or is open to others: "
                "remove it, or set ECHORA_HOME to a folder with a shorter path"
            ) from None


def _fits(folder: Path) -> bool:
    path = str(folder / SOCKET_NAME)
    return len(os.fsencode(path)) <= PATH_BYTES_MAX and _PLAIN.fullmatch(path) is not None
