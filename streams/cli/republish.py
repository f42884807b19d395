"""`echora republish`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.client import answer, connection
from streams.cli.output import Json, print_json, print_table

REPUBLISH_TIMEOUT_S = 600.0


def republish(
    since: Annotated[str, typer.Option("--since", help="2026-11-22T05:00:00Z, or how long ago: 90min, 12h, 7d.")],
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="Only this one, e.g. anime.synced; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: Json = False,
) -> None:
    """Send the events once more that were sent since then, as far as the outbox remembers them.

    They go out in their order, under new message ids. Whoever handled one before handles it without effect.

    Example: echora republish --since 2h --subject anime.synced --dry-run
    """
    parameters: dict[str, str | bool | list[str]] = {"since": since, "subject": subject or [], "dry_run": dry_run}
    with connection(REPUBLISH_TIMEOUT_S) as client:
        sent = answer(client.post("/republish", params=parameters))
    if as_json:
        print_json(sent)
        return
    print_table("", ("subject", "#events"), list(sent["messages"].items()))
    total = sum(sent["messages"].values())
    typer.echo(f"{total:,} events {'would be' if sent['is_dry'] else 'are'} sent again")
