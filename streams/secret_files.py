"""Secrets from files: `NAME_FILE` says where the value of NAME is, as orchestrators mount it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

SUFFIX: Final = "_FILE"
BYTES_MAX: Final = 64 * 1024


class SecretUnreadable(Exception):
    """A secret cannot be taken from its file; the message is one line that names the variable, never the value."""


def secret_from_file(name: str, variables: Mapping[str, str | None]) -> str | None:
    """What the file holds that NAME_FILE names, without the line break at its end; None when it names none.

    Raises SecretUnreadable when the file cannot be read or is empty, or when NAME is set as well.
    """
    path = variables.get(name + SUFFIX)
    if not path:
        return None
    if variables.get(name) is not None:
        raise SecretUnreadable(f"{name} and {name}{SUFFIX} are both set: keep one of them")
    try:
        content = _content(Path(path).expanduser())
    except OSError as error:
        raise SecretUnreadable(
            f"{name}{SUFFIX}={path}: it cannot be read ({error.strerror}); name a file that this user may read"
        ) from None
    except UnicodeDecodeError:
        raise SecretUnreadable(f"{name}{SUFFIX}={path}: it is no UTF-8 text") from None
    value = content.rstrip("\r\n")
    if not value or len(content) >= BYTES_MAX:
        what = "is too large for a secret" if value else "is empty"
        raise SecretUnreadable(f"{name}{SUFFIX}={path}: the file {what}")
    return value


def _content(path: Path) -> str:
    with path.open("rb") as file:
        # Bounded, since a path such as /dev/zero would never end.
        return file.read(BYTES_MAX).decode("utf-8")
