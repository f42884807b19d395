"""`echora schedule list`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.client import ask
from streams.cli.output import Json, print_json, print_table, text
from streams.cli.schedule_words import moment, until


def list_(
    workflow: Annotated[str | None, typer.Option(help="Only this workflow.")] = None,
    title: Annotated[str | None, typer.Option(help="Only titles or names that contain this.")] = None,
    misses: Annotated[bool, typer.Option("--misses", help="Only what was missed, latest first.")] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Only what is paused, row by row.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many rows of each part at most.")] = 20,
    as_json: Json = False,
) -> None:
    """Show what is due next, what was missed lately, and how much is paused.

    Example: echora schedule list --workflow episode_air_tracking --title frieren
    """
    wanted = [name for name, is_wanted in (("misses", misses), ("paused", paused)) if is_wanted]
    found = ask("/schedules", workflow=workflow, title=title, section=wanted or None, limit=limit)
    if as_json:
        print_json(found)
        return
    typer.echo(f"it is {moment(found['now'])} UTC on the schedule's clock")
    if not wanted:
        _print_due(found)
    if misses or found["misses"]:
        _print_misses(found)
    if paused:
        _print_paused(found)
    for group in found["pauses"]:
        new = " and what will be new" if group["is_whole"] else ""
        since = f"since {moment(group['since'])}: {text(group['reason'])}"
        typer.echo(f"paused: {group['count']} of {group['workflow']}{new} {since}")


def _print_due(found: dict[str, Any]) -> None:
    if not found["due"]:
        typer.echo("nothing is due")
        return
    rows = [
        (
            one["workflow"],
            _name(one),
            moment(one["due_at"]),
            until(one["due_at"], found["now"]),
            one["state"],
            one["attempt"],
            one["confidence"],
            one["reason"],
            one["entity_id"],
        )
        for one in found["due"]
    ]
    columns = ("workflow", "title", "due (UTC)", "#in", "state", "#attempt", "confidence", "reason", "id")
    print_table("due next", columns, rows)


def _print_misses(found: dict[str, Any]) -> None:
    if not found["misses"]:
        typer.echo("nothing was missed")
        return
    rows = [
        (one["workflow"], _name(one), moment(one["slot_at"]), one["reason"], moment(one["at"]), one["entity_id"])
        for one in found["misses"]
    ]
    print_table("missed lately", ("workflow", "title", "slot (UTC)", "why", "recorded", "id"), rows)


def _print_paused(found: dict[str, Any]) -> None:
    if not found["paused"]:
        typer.echo("nothing is paused")
        return
    rows = [
        (one["workflow"], _name(one), moment(one["paused_at"]), one["paused_reason"], one["entity_id"])
        for one in found["paused"]
    ]
    print_table("paused", ("workflow", "title", "since (UTC)", "why", "id"), rows)


def _name(one: dict[str, Any]) -> str:
    return str(one.get("title") or one["entity_id"])
