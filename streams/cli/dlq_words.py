"""How commands name dead letters."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from streams.cli.output import print_table

Group = Annotated[str | None, typer.Option("--group", help="Only the group of this fingerprint.")]
Consumer = Annotated[str | None, typer.Option(help="Only what this consumer gave up.")]
Subject = Annotated[str | None, typer.Option(help="Only this original subject, e.g. anime.updated.")]
ErrorClass = Annotated[str | None, typer.Option("--error", help="Only this class of error, e.g. Poison.")]
Since = Annotated[str | None, typer.Option(help="Failed last since then: ISO 8601, or how long ago: 12h.")]
States = Annotated[
    list[str] | None, typer.Option("--state", help="waiting (the default), replayed or dropped; may be repeated.")
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Ids of letters.")]
Everything = Annotated[bool, typer.Option("--all", help="Every letter that waits.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would come to.")]
ERROR_CHARS_MAX: Final = 120


def print_account(found: dict[str, Any]) -> None:
    """What a choice of letters comes to."""
    rows = [(part["consumer"], part["subject"], part["letters"], part["not_whole"]) for part in found["parts"]]
    if rows:
        print_table("", ("consumer", "subject", "#letters", "#cannot be sent"), rows)


def choice(
    ids: list[str] | None,
    group: str | None,
    consumer: str | None,
    subject: str | None,
    error: str | None,
    since: str | None,
    *,
    is_everything: bool,
) -> dict[str, Any]:
    """The choice as the program takes it, with the name of who is at the keyboard."""
    from getpass import getuser

    try:
        by = getuser()
    except (KeyError, OSError):  # Somebody without an account, as in a container.
        by = "command line"
    given = {"ids": ids or None, **conditions(group, consumer, subject, error, since)}
    return {name: value for name, value in given.items() if value is not None} | {"all": is_everything, "by": by[:100]}


def conditions(
    group: str | None, consumer: str | None, subject: str | None, error: str | None, since: str | None
) -> dict[str, Any]:
    """What the options that lists and choices share are called over HTTP."""
    return {"fingerprint": group, "consumer": consumer, "subject": subject, "error_class": error, "since": since}
