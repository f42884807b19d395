"""`echora schedule backfill`."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from streams.cli.client import SCHEDULE_TIMEOUT_S, send
from streams.cli.output import Json, print_json, print_table
from streams.cli.schedule_words import Workflow, moment

TICKS_SHOWN_MAX: Final = 40


def backfill(
    workflow: Workflow,
    start: Annotated[str, typer.Option("--from", help="ISO 8601, or how long ago: 90min, 12h, 7d, 2w.")],
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Ids; else --title, else all.")] = None,
    end: Annotated[str, typer.Option("--to", help="As --from; not included.")] = "now",
    title: Annotated[str | None, typer.Option(help="Titles or names that contain this.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the looks and what they cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: Json = False,
) -> None:
    """Look for the slots of a past range, one after the other per entity, before the regular ones.

    Says first which looks that takes, how many requests of each source, and how many minutes of its budget.

    Example: echora schedule backfill episode_air_tracking --from 7d --title frieren --dry-run
    """
    path = f"/schedules/{quote(workflow, safe='')}/backfill"
    wish = {"start": start, "end": end, "ids": ids or None, "title": title}
    planned = send(path, wish | {"dry_run": True}, SCHEDULE_TIMEOUT_S)
    if dry_run or not planned["tick_count"]:
        _print(planned, as_json)
        return
    if not yes:
        if not as_json:
            _print(planned, as_json)
        typer.confirm(f"{_in_short(planned)}: do it?", abort=True, err=True)
    # The range as it was priced: "7d" would be another one by now.
    wish |= {"start": planned["start"], "end": planned["end"]}
    _print(send(path, wish | {"dry_run": False}, SCHEDULE_TIMEOUT_S), as_json)


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if not found["tick_count"]:
        typer.echo(f"no slot lies between {moment(found['start'])} and {moment(found['end'])} UTC; nothing to do")
        return
    waits = f"; {found['paused']} of them are paused, and wait until they are resumed" if found["paused"] else ""
    if not found["is_dry"]:
        typer.echo(f"queued: {_in_short(found)}{waits}")
        return
    typer.echo(f"looks between {moment(found['start'])} and {moment(found['end'])} UTC")
    rows = [
        (moment(tick["slot_at"]), tick.get("title"), tick["entity_id"]) for tick in found["ticks"][:TICKS_SHOWN_MAX]
    ]
    print_table("", ("slot (UTC)", "title", "id"), rows)
    if found["tick_count"] > len(rows):
        typer.echo(f"and {found['tick_count'] - len(rows)} more")
    costs = [(source, cost["requests"], f"{cost['minutes']:.1f}") for source, cost in found["costs"].items()]
    if costs:
        typer.echo(f"\n{found['tick_count']} looks at {found['entities']} take about{waits}")
        print_table("", ("source", "#requests", "#minutes of its budget"), costs)
    else:
        typer.echo(f"\n{found['tick_count']} looks, which ask no source{waits}")


def _in_short(found: dict[str, Any]) -> str:
    costs = ", ".join(f"{source} {cost['requests']}" for source, cost in found["costs"].items()) or "none"
    return f"{found['tick_count']} looks at {found['entities']} of {found['workflow']}, requests: {costs}"
