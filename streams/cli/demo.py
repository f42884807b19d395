"""`echora demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.failure import ExitCode, Failure
from streams.cli.output import print_json, print_table

if TYPE_CHECKING:
    from handlers.verdict.report import Report
    from streams.demo.folder import Plan


def demo(
    speed: Annotated[
        float, typer.Option(min=1, max=100_000, help="World seconds per real one; beyond 2520 timers come too late.")
    ] = 2520.0,
    days: Annotated[float, typer.Option(min=0.1, max=60, help="Days of the world to watch.")] = 7.0,
    kill: Annotated[int, typer.Option(min=0, max=100, help="Kill the program with -9 so often, at random.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="What the world and the kills follow from.")] = 7,
    home: Annotated[Path, typer.Option(help="Data folder; made anew unless --resume is given.")] = Path(".echora-demo"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that the folder holds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON, and nothing while it runs.")] = (
        False
    ),
) -> None:
    """Watch the program keep a catalogue true for a week of a simulated world, and judge it by that world's truth.

    It starts the whole program embedded in a folder of its own, on a clock that makes a week of four minutes. At the
    end every true change is compared with the database, and the database with the index; the exit code is 1 when a
    change that was due is missing, or something was invented.

    Example: echora demo --kill 10
    """
    import asyncio
    import signal

    from contracts.errors import EchoraError
    from streams.demo.folder import Plan, prepared
    from streams.demo.run import Demo
    from streams.demo.screen import screen

    wish = Plan(seed=seed, days=days, speed=speed, kills=kill)
    home = home.expanduser().absolute()
    # Whoever ends us by a signal ends the program that we started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        plan = prepared(home, wish, resume=resume)
        with screen(silent=as_json, write=lambda line: typer.echo(line, err=True)) as shown:
            report = asyncio.run(Demo(home, plan, shown).run(resume=resume))
    except EchoraError as error:
        raise Failure(str(error), ExitCode.REFUSED) from None
    _print(report, plan, as_json=as_json)
    if not report.is_matched:
        raise typer.Exit(ExitCode.REFUSED)


def _print(report: Report, plan: Plan, *, as_json: bool) -> None:
    from streams.demo.printing import CHANGE_COLUMNS, SCORE_COLUMNS, as_json_of, change_rows, score_rows, trouble

    if as_json:
        print_json({**as_json_of(report), "seed": plan.seed, "days": plan.days, "kills": plan.kills})
        return
    print_table("true changes", CHANGE_COLUMNS, change_rows(report))
    typer.echo("")
    print_table("scores that had moved by more than 0.1 at a daily look", SCORE_COLUMNS, score_rows(report))
    typer.echo("")
    for line in trouble(report):
        typer.echo(line)
    typer.echo(report.line)
