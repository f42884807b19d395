"""`echora schedule show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from streams.cli.client import ask
from streams.cli.output import Json, print_json, print_table, text
from streams.cli.schedule_words import moment, own_in_words, policy_in_words, until

BACKFILL_SHOWN = 5


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of an anime or a character.")],
    workflow: Annotated[str | None, typer.Option(help="Only this workflow.")] = None,
    as_json: Json = False,
) -> None:
    """Show everything that is scheduled for one entity: policy, what is due, the last look, misses.

    Example: echora schedule show a14d8236-ea4c-5a2f-8965-58670a85bc90
    """
    from urllib.parse import quote

    found = ask(f"/schedules/{quote(id, safe='')}", workflow=workflow)
    if as_json:
        print_json(found)
        return
    typer.echo(f"{text(found.get('title') or found['entity_id'])}, at {moment(found['now'])} UTC")
    for one in found["schedules"]:
        typer.echo(f"\n{one['workflow']}: {one['state']}")
        print_table("", ("field", "value"), _facts(one, found["now"]))
    if found["misses"]:
        rows = [(one["workflow"], moment(one["slot_at"]), one["reason"]) for one in found["misses"]]
        print_table("\nmissed", ("workflow", "slot (UTC)", "why"), rows)


def _facts(one: dict[str, Any], now: str) -> Iterator[tuple[str, str]]:
    if one.get("due_at"):
        yield "due", f"{moment(one['due_at'])}, in {until(one['due_at'], now)}, attempt {one['attempt']}"
        yield "because", f"{one['reason']} (confidence {one['confidence']})"
    if one.get("paused_at"):
        yield "paused", f"since {moment(one['paused_at'])}: {one['paused_reason']}"
    if one.get("resumed_at"):
        why = f": {one['resumed_reason']}" if one.get("resumed_reason") else ""
        yield "resumed", f"{moment(one['resumed_at'])}{why}"
    if one.get("running_since"):
        yield "running", f"since {moment(one['running_since'])}{', one more follows' if one['buffered'] else ''}"
    if one["backfill"]:
        shown = ", ".join(moment(slot) for slot in one["backfill"][:BACKFILL_SHOWN])
        more = len(one["backfill"]) - BACKFILL_SHOWN
        yield "backfill", f"{shown}{f' and {more} more' if more > 0 else ''}"
    last = f"{moment(one['last_run_at'])}: {one['last_outcome']}" if one.get("last_run_at") else "never"
    yield "last look", last
    yield "timer", moment(one["timer_due_at"]) if one.get("timer_due_at") else "none out"
    yield "policy", policy_in_words(one["policy"])
    if one.get("own_policy"):
        yield "of its own", own_in_words(one["own_policy"])
