"""A body that remembers which of its fields were read, so that no mapping can claim to read what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Spy(dict[str, Any]):
    """A dict, equal in content to the one it wraps, that writes the path of every value read into `seen`."""

    def __init__(self, wrapped: dict[str, Any], path: str, seen: set[str]) -> None:
        super().__init__({key: wrap(value, f"{path}.{key}".lstrip("."), seen) for key, value in wrapped.items()})
        self._path = path
        self._seen = seen

    def _read(self, key: str) -> None:
        self._seen.add(f"{self._path}.{key}".lstrip("."))

    def __getitem__(self, key: str) -> Any:
        self._read(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._read(key)
        return super().get(key, default)

    def values(self) -> Any:
        for key in self:
            self._read(key)
        return super().values()

    def items(self) -> Any:
        for key in self:
            self._read(key)
        return super().items()


def wrap(value: Any, path: str, seen: set[str]) -> Any:
    """The value with every object in it replaced by a spy. Entries of JSON:API's included are told apart by type."""
    if isinstance(value, dict):
        return Spy(value, path, seen)
    if isinstance(value, list):
        return [wrap(entry, entry_path(path, entry), seen) for entry in value]
    return value


def entry_path(path: str, entry: Any) -> str:
    """The path of a list's entry."""
    kind = entry.get("type", "") if path == "included" and isinstance(entry, dict) else ""
    return f"{path}[{kind}]"


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of everything that a body says: scalars, lists of scalars, and what is null or empty."""
    if isinstance(value, dict) and value:
        for key in value:
            yield from leaves(dict.__getitem__(value, key), f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        for entry in value:
            yield from leaves(entry, entry_path(path, entry))
    else:
        yield path
