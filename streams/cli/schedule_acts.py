"""`echora schedule pause`, `resume` and `trigger`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.client import SCHEDULE_TIMEOUT_S, send
from streams.cli.failure import ExitCode
from streams.cli.output import Json, print_json, print_table
from streams.cli.schedule_words import Workflow

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Ids; without any, the workflow as a whole.")]


def pause(
    workflow: Workflow,
    reason: Annotated[str, typer.Option(help="Why; whoever finds it later has to know whether to resume.")],
    ids: Ids = None,
    as_json: Json = False,
) -> None:
    """Stop looking until it is resumed. A look that is under way ends as always.

    Example: echora schedule pause score_sync --reason "Kitsu moves its servers until Friday"
    """
    done = send(f"/schedules/{_part(workflow)}/pause", {"ids": ids or None, "reason": reason}, SCHEDULE_TIMEOUT_S)
    _say(done, "paused", as_json)


def resume(
    workflow: Workflow,
    ids: Ids = None,
    reason: Annotated[str | None, typer.Option(help="Why it may go on; `show` tells it.")] = None,
    as_json: Json = False,
) -> None:
    """Look again. Regular slots that passed meanwhile are missed; an air time that passed is looked for now.

    Example: echora schedule resume score_sync --reason "Kitsu answers again"
    """
    wish = {"ids": ids or None, "reason": reason}
    done = send(f"/schedules/{_part(workflow)}/resume", wish, SCHEDULE_TIMEOUT_S)
    _say(done, "resumed", as_json)


def trigger(
    workflow: Workflow,
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of what is to be looked at.")],
    why: Annotated[str, typer.Option(help="Why now; it is kept as the reason of the look.")],
    as_json: Json = False,
) -> None:
    """Look now. Exits with 1 when one of them is paused, or is being looked at and takes no further look.

    Example: echora schedule trigger metadata_refresh a14d8236-ea4c-5a2f-8965-58670a85bc90 --why "a user asked"
    """
    done = send(f"/schedules/{_part(workflow)}/trigger", {"ids": ids, "why": why})
    if as_json:
        print_json(done)
    else:
        print_table("", ("id", "what came of it"), done["came"].items())
    if any(came in ("paused", "overlap") for came in done["came"].values()):
        raise typer.Exit(ExitCode.REFUSED)


def _say(done: dict[str, Any], what: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{what}: {done['changed']} of {done['workflow']}")


def _part(workflow: str) -> str:
    from urllib.parse import quote

    return quote(workflow, safe="")
