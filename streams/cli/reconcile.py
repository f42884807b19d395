"""`echora reconcile`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from streams.cli.client import answer, connection
from streams.cli.failure import ExitCode, Failure
from streams.cli.output import print_json, print_table

# A line comes for every page, but a page may wait until the index has caught up.
LINE_TIMEOUT_S: Final = 3_600.0
_MEANINGS: Final = {
    "missing": "has no point",
    "orphaned": "a point without a living row",
    "stale": "a point of an earlier version or of another text",
    "model": "a vector of another model",
    "ahead": "a point newer than its row",
    "unannounced": "changed, and nobody was told",
}


def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only find what differs.")] = False,
    repairs_max: Annotated[
        int | None, typer.Option("--repairs-max", min=0, help="How many repairs are queued at most.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compare PostgreSQL, outbox and index, and repair what differs.

    What is on its way to the index anyway is no difference. Exits with 1 when something is left to repair.

    Example: echora reconcile --dry-run
    """
    report: dict[str, Any] = {}
    for report in _reports(dry_run, repairs_max):
        if sys.stderr.isatty() and not as_json:
            typer.echo(
                f"\r{report['rows']:,} rows, {report['points']:,} points, {report['found']:,} faults",
                err=True,
                nl=False,
            )
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report["left"]:
        raise typer.Exit(ExitCode.REFUSED)


def _reports(dry_run: bool, repairs_max: int | None) -> Iterator[dict[str, Any]]:
    parameters = {"dry_run": dry_run} | ({} if repairs_max is None else {"repairs_max": repairs_max})
    with (
        connection(LINE_TIMEOUT_S) as client,
        client.stream("POST", "/reconcile", params=parameters) as response,
    ):
        if not response.is_success:
            response.read()
            answer(response)
        report: dict[str, Any] = {}
        for line in response.iter_lines():
            report = json.loads(line)
            if "error" in report:
                raise Failure(report["error"], ExitCode.REFUSED)
            yield report
    if not report.get("is_whole"):
        raise Failure("the program broke off in the middle of its report; see its log", ExitCode.UNREACHABLE)


def _print(report: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        typer.echo("", err=True)
    typer.echo(f"{report['rows']:,} rows and {report['points']:,} points compared, {report['found']:,} differences")
    rows = [
        (fault, _MEANINGS[fault], count, ", ".join(report["samples"].get(fault, [])[:3]))
        for fault, count in report["faults"].items()
        if count
    ]
    if rows:
        print_table("", ("fault", "which is", "#count", "for example"), rows)
    if report["under_way"]:
        typer.echo(f"{report['under_way']:,} more are on their way to the index")
    if report["overdue"]:
        typer.echo(f"{report['overdue']:,} rows of the outbox wait for a relay for more than five minutes")
    if report["found"]:
        typer.echo(f"{report['repaired']:,} repairs queued, {report['left']:,} left")
