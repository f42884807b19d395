"""The examples of the documentation. A block that opens with ```sh runnable is run by the tests as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RUNNABLE: Final = "sh runnable"
COMMANDS: Final = (".venv/bin/echora ", "curl ")


@dataclass(frozen=True, slots=True)
class Example:
    """One block: the page, the line on which it opens, what follows the fence, and its lines."""

    page: str
    line: int
    info: str
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        """Where a reader finds it."""
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it is marked as runnable."""
        return self.info == RUNNABLE


def pages() -> list[Path]:
    """The pages that people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str, text: str) -> Iterator[Example]:
    """Every fenced block of a page."""
    opened: tuple[int, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("```"):
            inside.append(line)
        elif opened is None:
            opened, inside = (number, line[3:].strip()), []
        else:
            yield Example(page, *opened, tuple(inside))
            opened = None
    if opened is not None:
        raise ValueError(f"{page}:{opened[0]}: the block is never closed")


def examples() -> list[Example]:
    """Every block of every page."""
    return [
        block for path in pages() for block in blocks(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
