"""`echora ingest`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.failure import ExitCode, Failure
from streams.cli.output import print_json, print_table
from streams.cli.reading import STDIN
from streams.cli.sending import Totals, send


def ingest(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="JSON or JSON Lines; - reads standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON summary and nothing else.")] = False,
) -> None:
    """Hand records in, and wait for the verdict on each.

    A file holds {"data": […]}, a list, one record, or one record a line. Exits with 1 if any record was refused.

    Example: echora ingest anime_database.json more.jsonl
    """
    for name in files:
        if name != STDIN and not Path(name).is_file():
            raise Failure(f"{name}: there is no such file", ExitCode.USAGE)
    watched = sys.stderr.isatty() and not as_json
    totals = _with_progress(files) if watched else send(files, lambda _: None)
    if as_json:
        print_json(totals.as_json())
    else:
        _print(totals)
    if totals.failed:
        raise typer.Exit(ExitCode.REFUSED)


def _with_progress(files: list[str]) -> Totals:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def advance(totals: Totals) -> None:
            description = f"{totals.decided} of {totals.sent} records decided"
            progress.update(task, completed=totals.decided, total=totals.sent, description=description)

        return send(files, advance)


def _print(totals: Totals) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in totals.counts.items())
    typer.echo(f"{totals.decided} records: {counts}")
    if totals.ignored:
        told = ", ".join(f"{key} ({count})" for key, count in list(totals.ignored.items())[:10])
        more = len(totals.ignored) - 10
        typer.echo(f"ignored keys: {told}" + (f" and {more} more kinds; --json lists them all" if more > 0 else ""))
    if totals.refused:
        rows = [(one["where"], one["label"], one["reason"]) for one in totals.refused]
        print_table("not in the catalogue:", ("where", "record", "why"), rows)
        if totals.untold:
            typer.echo(f"and {totals.untold} more")
    for error in totals.errors:
        typer.echo(f"stopped early: {error}", err=True)
