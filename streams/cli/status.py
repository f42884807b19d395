"""`echora status`."""

from __future__ import annotations

from typing import Any

import typer

from streams.cli.client import ask
from streams.cli.output import Json, age, print_json, print_table
from streams.cli.schedule_words import moment, until


def status(as_json: Json = False) -> None:
    """Say how the program is doing: streams, consumers, outbox, index, versions.

    Example: echora status --json
    """
    found = ask("/status")
    if as_json:
        print_json(found)
        return
    streams = [(one["name"], one["messages"], one["bytes"], one["last_sequence"]) for one in found["streams"]]
    print_table("streams", ("stream", "#messages", "#bytes", "#last"), streams)
    consumers = [
        (one["name"], one["stream"], one["lag"], one["in_flight"], age(one.get("last_progress_age_s")))
        for one in found["consumers"]
    ]
    print_table("consumers", ("consumer", "stream", "#lag", "#in flight", "#last progress"), consumers)
    _print_rest(found)


def _print_rest(found: dict[str, Any]) -> None:
    outbox, index = found.get("outbox"), found.get("index")
    if outbox:
        typer.echo(f"outbox: {outbox['pending']} pending, the oldest for {age(outbox['oldest_age_s'])}")
    if index:
        points = "does not answer" if index.get("points") is None else f"{index['points']} points"
        typer.echo(f"index: {index['engine']}, {points}, model {index.get('model') or 'unknown'}")
    letters = found.get("dead_letters")
    if letters and letters["waiting"]:
        typer.echo(f"dead letters: {letters['waiting']} wait, of {letters['groups']} kinds; see `echora dlq groups`")
    if found.get("reviews_waiting"):
        typer.echo(f"reviews: {found['reviews_waiting']} wait for a person; see `echora review list`")
    if found.get("schedule"):
        typer.echo(_schedule(found["schedule"]))
    if found.get("roles"):
        typer.echo(f"roles: {', '.join(found['roles'])}")
    typer.echo("versions: " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()))
    for problem in found["problems"]:
        typer.echo(f"problem: {problem}")


def _schedule(found: dict[str, Any]) -> str:
    now, next_due_at = found["now"], found.get("next_due_at")
    ahead = f"next due {moment(next_due_at)} UTC, in {until(next_due_at, now)}" if next_due_at else "nothing due"
    late = f"{found['overdue']} overdue, the first for {age(found['latest_s'])}" if found["overdue"] else "none overdue"
    return f"schedule: {ahead}; {late}; {found['paused']} paused; {found['missed']} missed within a day"
