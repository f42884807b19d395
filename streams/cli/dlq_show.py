"""`echora dlq show`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from streams.cli.client import ask
from streams.cli.output import Json, print_json, print_table, text

_FACTS = (
    "state",
    "consumer",
    "subject",
    "stream",
    "stream_sequence",
    "error_class",
    "error",
    "fingerprint",
    "attempts",
    "first_failed_at",
    "last_failed_at",
    "replays",
    "replay_of",
    "decided_at",
    "decided_by",
    "drop_reason",
    "payload_bytes",
)


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the letter; `echora dlq list` prints it.")],
    as_json: Json = False,
) -> None:
    """Show one dead letter: its story, its headers, its first bytes, and the event that it is.

    Example: echora dlq show 0d3c7c0e-6f0e-5e0b-9a53-2a4b9c1f7d11
    """
    from urllib.parse import quote

    letter = ask(f"/dead-letters/{quote(id, safe='')}")
    if as_json:
        print_json(letter)
        return
    print_table(
        "", ("what", "value"), [(name.replace("_", " "), letter[name]) for name in _FACTS if _said(letter, name)]
    )
    if letter["headers"]:
        print_table("headers", ("name", "value"), sorted(letter["headers"].items()))
    typer.echo(f"first bytes: {letter['sample_hex'] or '(none)'}")
    if letter.get("event") is not None:
        typer.echo(text(json.dumps(letter["event"], ensure_ascii=False, indent=2)))
    else:
        typer.echo(f"not shown as an event: {text(letter.get('unreadable'))}")


def _said(letter: dict[str, Any], name: str) -> bool:
    return letter.get(name) is not None
