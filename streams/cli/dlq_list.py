"""`echora dlq list` and `groups`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.client import ask
from streams.cli.dlq_words import ERROR_CHARS_MAX, Consumer, ErrorClass, Group, Since, States, Subject, conditions
from streams.cli.output import Json, one_line, print_json, text
from streams.cli.schedule_words import moment

Limit = Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")]


def list_(
    group: Group = None,
    consumer: Consumer = None,
    subject: Subject = None,
    error: ErrorClass = None,
    since: Since = None,
    state: States = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Show dead letters, latest first.

    Example: echora dlq list --consumer postgres-update-consumer --since 12h
    """
    asked = conditions(group, consumer, subject, error, since)
    found = ask("/dead-letters", **asked, state=state or None, limit=limit)
    if as_json:
        print_json(found)
        return
    if not found["letters"]:
        typer.echo("no dead letters")
        return
    for one in found["letters"]:
        again = f", sent again {one['replays']} times" if one["replays"] else ""
        typer.echo(f"{one['id']}  {moment(one['last_failed_at'])}  {text(one['consumer'])}  {text(one['subject'])}")
        typer.echo(f"    {text(one['error_class'])}: {one_line(one['error'], ERROR_CHARS_MAX)}")
        typer.echo(f"    {one['state']}, group {text(one['fingerprint'])}, {one['attempts']} attempts{again}")


def groups(
    group: Group = None,
    consumer: Consumer = None,
    subject: Subject = None,
    error: ErrorClass = None,
    since: Since = None,
    state: States = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Show dead letters by kind of failure, those with the most that wait first.

    Example: echora dlq groups --since 7d
    """
    asked = conditions(group, consumer, subject, error, since)
    found = ask("/dead-letters/groups", **asked, state=state or None, limit=limit)
    if as_json:
        print_json(found)
        return
    if not found["groups"]:
        typer.echo("no dead letters")
        return
    for one in found["groups"]:
        again = f", sent again up to {one['replays_max']} times" if one["replays_max"] else ""
        counts = ", ".join(f"{one[state]} {state}" for state in ("waiting", "replayed", "dropped") if one[state])
        typer.echo(f"{text(one['fingerprint'])}  {text(one['consumer'])}  {text(one['sample_subject'])}  {counts}")
        typer.echo(f"    {text(one['error_class'])}: {one_line(one['sample_error'], ERROR_CHARS_MAX)}")
        first, last = moment(one["first_failed_at"]), moment(one["last_failed_at"])
        typer.echo(f"    {first} to {last} UTC{again}; the last is {one['sample_id']}")
