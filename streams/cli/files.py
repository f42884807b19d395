"""Files that commands write, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def take_name(fresh: Path, path: Path) -> None:
    """Give the finished file `fresh` the name `path` beside it. Raises OSError.

    A power cut leaves what had that name before, or all of the new: without the first word to the disk the name may
    reach it before the bytes do, and without the last the old name may come back after we said that it is done.
    """
    _to_disk(fresh)
    fresh.replace(path)
    _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
