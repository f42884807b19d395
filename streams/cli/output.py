"""Writing for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# What a record says may not steer the terminal that shows it.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def print_json(value: Any) -> None:
    """One JSON object for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def text(value: Any) -> str:
    """A value as plain text without control characters."""
    return "" if value is None else _CONTROL.sub("", str(value))


def one_line(value: Any, chars_max: int) -> str:
    """A text that fits into a table: in one line, and cut off with a mark when it is too long."""
    line = " ".join(text(value).split())
    return line if len(line) <= chars_max else f"{line[: chars_max - 1]}…"


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table; a column whose name begins with # holds numbers."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column.removeprefix("#"), justify="right" if column.startswith("#") else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(text(cell)) for cell in row))
    Console().print(table)


def age(seconds: float | None) -> str:
    """A span of time as a person would say it."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
