"""`echora dlq replay` and `drop`."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer

from streams.cli.client import answer, connection, send
from streams.cli.dlq_words import (
    Consumer,
    DryRun,
    ErrorClass,
    Everything,
    Group,
    Ids,
    Since,
    Subject,
    choice,
    print_account,
)
from streams.cli.failure import ExitCode, Failure
from streams.cli.output import Json, print_json, text

# At the slowest rate that makes sense a step takes this long to say that it is done.
STEP_TIMEOUT_S: Final = 180.0


def replay(
    ids: Ids = None,
    group: Group = None,
    consumer: Consumer = None,
    subject: Subject = None,
    error: ErrorClass = None,
    since: Since = None,
    everything: Everything = False,
    per_second: Annotated[float, typer.Option(min=0.01, max=5_000, help="How many a second at most.")] = 50.0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Send messages again, to their subjects and in the order of their stream. Exits with 1 when some were not sent.

    What fails again comes back as a letter that knows how often it was sent. Ctrl-C stops; the rest waits as before.

    Example: echora dlq replay --group 3f9a0c27d41be865 --dry-run
    """
    wish = choice(ids, group, consumer, subject, error, since, is_everything=everything)
    done = _sent(wish | {"per_second": per_second, "dry_run": dry_run}, quiet=as_json)
    if as_json:
        print_json(done)
    else:
        print_account(done)
        if dry_run:
            whole = done["letters"] - done["not_whole"]
            typer.echo(f"{whole} letters would be sent again, in {done['seconds']:g} s at {per_second:g} a second")
        else:
            typer.echo(f"{done['done']} of {done['letters']} letters were sent again")
        if done.get("error"):
            typer.echo(f"echora: it stopped early: {text(done['error'])}; ask again, it goes on from there", err=True)
    _end(done, ids, missing=done["letters"] - done["done"] if not dry_run else done["not_whole"])


def drop(
    reason: Annotated[str, typer.Option(help="Why; it is kept with each of them.")],
    ids: Ids = None,
    group: Group = None,
    consumer: Consumer = None,
    subject: Subject = None,
    error: ErrorClass = None,
    since: Since = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give letters up for good. They stay to be read, with the reason, for DEAD_LETTER_RETENTION_DAYS.

    Example: echora dlq drop --group 3f9a0c27d41be865 --reason "a test that published garbage"
    """
    wish = choice(ids, group, consumer, subject, error, since, is_everything=everything)
    done = send("/dead-letters/drop", wish | {"reason": reason, "dry_run": dry_run})
    if as_json:
        print_json(done)
    else:
        print_account(done)
        typer.echo(f"{done['letters']} letters would be dropped" if dry_run else f"{done['done']} letters were dropped")
    _end(done, ids, missing=0)


def _sent(wish: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Follow the lines of a replay up to its account."""
    with (
        connection(STEP_TIMEOUT_S) as client,
        client.stream("POST", "/dead-letters/replay", json=wish) as response,
    ):
        if not response.is_success:
            response.read()
            answer(response)
        for line in response.iter_lines():
            said = json.loads(line)
            if "summary" in said:
                account: dict[str, Any] = said["summary"]
                return account
            if not quiet:
                typer.echo(f"{said['queued']} sent", err=True)
    raise Failure(
        "the program broke off in the middle of a replay; what was not sent waits as before, so ask again",
        ExitCode.UNREACHABLE,
    )


def _end(done: dict[str, Any], ids: list[str] | None, *, missing: int) -> None:
    gone = len(set(ids or ())) - done["letters"]
    if gone > 0:
        typer.echo(f"echora: {gone} of the ids are no letter that waits; `echora dlq show ID` says more", err=True)
    if gone > 0 or missing or done.get("error"):
        raise typer.Exit(ExitCode.REFUSED)
