"""Showing the picture: redrawn in place on a terminal, a line now and then anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.cli.output import text
from streams.demo.lines import clock_words, counts, plain_line, ticker_rows, workflow_rows
from streams.demo.watch import Frame, Watch

WORKFLOWS: Final = ("workflow", "#waiting", "#set", "#news", "#same", "#again", "missed", "next look")
# A line says so much that more of them would hide what they say.
_LINES: Final = 40


class Screen(Protocol):
    """Where the picture is shown."""

    def show(self, frame: Frame, watch: Watch) -> None:
        """Show it."""
        ...


class Silent:
    """For programs that read the verdict alone."""

    def show(self, frame: Frame, watch: Watch) -> None:
        """Nothing."""


class Lines:
    """A line whenever the phase changes or another fortieth of the run is over."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last: tuple[str, int, int] | None = None

    def show(self, frame: Frame, watch: Watch) -> None:
        """Write a line if there is reason to."""
        here = frame.phase, int(frame.share * _LINES), frame.kills
        if here != self._last:
            self._last = here
            self._write(plain_line(frame, watch))


class Terminal:
    """The whole picture, redrawn in place."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, frame: Frame, watch: Watch) -> None:
        """Draw it."""
        self._live.update(picture(frame, watch), refresh=True)


def picture(frame: Frame, watch: Watch) -> Group:
    """Clock and progress, workflows, counters, the latest events."""
    killed = f"   killed with -9 {frame.kills} times" if frame.kills else ""
    head = Table.grid(expand=True, padding=(0, 2))
    head.add_column()
    head.add_column(ratio=1)
    head.add_row(
        Text(f"{clock_words(frame.now)}  {frame.speed:g}x   {frame.phase}{killed}", style="bold"),
        ProgressBar(total=1.0, completed=frame.share),
    )
    numbers = Table.grid(padding=(0, 2))
    for name, words in counts(watch):
        numbers.add_row(Text(name, style="bold"), Text(text(words)))
    ticker = Table.grid(padding=(0, 2))
    for when, title, words in ticker_rows(watch):
        ticker.add_row(Text(when, style="dim"), Text(text(title)[:40]), Text(text(words)[:90]))
    return Group(head, Text(), _workflows(watch), Text(), numbers, Panel(ticker, title="what happens", expand=True))


def _workflows(watch: Watch) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in WORKFLOWS:
        table.add_column(column.removeprefix("#"), justify="right" if column.startswith("#") else "left")
    for row in workflow_rows(watch):
        table.add_row(*(Text(text(cell)) for cell in row))
    return table


@contextmanager
def screen(*, silent: bool, write: Callable[[str], None]) -> Iterator[Screen]:
    """The screen that fits: none for programs, the picture on a terminal, else lines."""
    console = Console(stderr=True)
    if silent:
        yield Silent()
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False, screen=False) as live:
            yield Terminal(live)
    else:
        yield Lines(write)
