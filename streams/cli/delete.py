"""`echora delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.client import answer, connection
from streams.cli.output import Json, print_json


def delete(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the anime.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: Json = False,
) -> None:
    """Delete an anime softly: its row stays, search no longer finds it, and it cannot be ingested again.

    Example: echora delete a14d8236-ea4c-5a2f-8965-58670a85bc90 --yes
    """
    from urllib.parse import quote

    if not yes:
        typer.confirm(f"delete {id}?", abort=True, err=True)
    with connection() as client:
        gone = answer(client.delete(f"/anime/{quote(id, safe='')}"))
    if as_json:
        print_json(gone)
    else:
        typer.echo(f"deleted {gone['id']} at version {gone['version']}")
