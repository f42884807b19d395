"""Folders that are built once, whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MANIFEST = "complete.json"
BUILDING = ".building-"


def build_once(cache: Path, family: str, version: str, build: Callable[[Path], None]) -> Path:
    """The folder `family.version` below `cache`, built by `build(folder)` unless it is there and whole.

    The build happens in a folder beside it that is renamed at the end, so a crash leaves nothing that looks whole.
    A lock lets one process build while others wait; the kernel releases it when its holder dies. What crashed builds
    and earlier versions of the family left is removed. Errors of `build` come through, and OSError of the disk.
    """
    target = cache / f"{family}.{version}"
    if is_whole(target):
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / ".lock"):
        if is_whole(target):
            return target
        for left in [*cache.glob(f"{BUILDING}*"), *cache.glob(f"{family}.*")]:
            shutil.rmtree(left)
        work = Path(tempfile.mkdtemp(prefix=BUILDING, dir=cache))
        try:
            build(work)
            _seal(work)
            work.rename(target)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        _sync(cache)
    return target


def is_whole(folder: Path) -> bool:
    """Whether the folder was finished and every file still has the size it was finished with."""
    try:
        sizes = json.loads((folder / MANIFEST).read_text())
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _seal(folder: Path) -> None:
    """Writes the sizes down last, and everything to the disk, so that a power failure leaves no hollow folder."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file()]
    (folder / MANIFEST).write_text(json.dumps({file.name: file.stat().st_size for file in files}))
    for path in [*files, folder / MANIFEST, folder]:
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
