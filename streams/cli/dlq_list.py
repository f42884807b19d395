"""`echora dlq list` and `groups`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.client import ask
from streams.cli.dlq_words import Consumer, ErrorClass, Group, Json, Since, States, Subject, one_line
from streams.cli.output import print_json, print_table
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
    conditions: dict[str, Any] = {"fingerprint": group, "consumer": consumer, "subject": subject, "error_class": error}
    found = ask("/dead-letters", **conditions, since=since, state=state or None, limit=limit)
    if as_json:
        print_json(found)
        return
    if not found["letters"]:
        typer.echo("no dead letters")
        return
    rows = [
        (
            moment(one["last_failed_at"]),
            one["consumer"],
            one["subject"],
            one["error_class"],
            one_line(one["error"]),
            one["attempts"],
            one["replays"],
            one["state"],
            one["fingerprint"],
            one["id"],
        )
        for one in found["letters"]
    ]
    columns = ("failed (UTC)", "consumer", "subject", "error", "words", "#attempts", "#replays", "state", "group", "id")
    print_table("", columns, rows)


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
    conditions: dict[str, Any] = {"fingerprint": group, "consumer": consumer, "subject": subject, "error_class": error}
    found = ask("/dead-letters/groups", **conditions, since=since, state=state or None, limit=limit)
    if as_json:
        print_json(found)
        return
    if not found["groups"]:
        typer.echo("no dead letters")
        return
    rows = [
        (
            one["waiting"],
            one["consumer"],
            one["error_class"],
            one_line(one["sample_error"]),
            moment(one["first_failed_at"]),
            moment(one["last_failed_at"]),
            one["replays_max"],
            one["fingerprint"],
        )
        for one in found["groups"]
    ]
    columns = ("#waiting", "consumer", "error", "last words", "first (UTC)", "last (UTC)", "#replays", "group")
    print_table("", columns, rows)
