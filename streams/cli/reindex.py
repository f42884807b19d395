"""`echora reindex`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from streams.cli.client import answer, ask, connection
from streams.cli.output import Json, print_json

# The program loads the model before it answers, and at its first use fetches it.
OPEN_TIMEOUT_S: Final = 900.0
LOOK_EVERY_S: Final = 1.0


def reindex(
    model: Annotated[str | None, typer.Option("--model", help="Any model that EMBEDDING_MODEL takes.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder on the program's machine that holds the model.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until searches use it.")] = True,
    as_json: Json = False,
) -> None:
    """Give the index another embedding model; without --model, say how far that is.

    Its vectors are filled in beside the old ones while searches and updates go on, then searches use it. It goes on
    when this command, or the program, is stopped in between.

    Example: echora reindex --model BAAI/bge-small-en-v1.5
    """
    state = ask("/reindex") if model is None else _asked(model, folder)
    while model is not None and wait and not state["is_done"]:
        if sys.stderr.isatty() and not as_json:
            typer.echo(f"\r{state['filled'] or 0:,} of {state['points']:,} points", err=True, nl=False)
        time.sleep(LOOK_EVERY_S)
        state = ask("/reindex")
    if as_json:
        print_json(state)
    else:
        _print(state)


def _asked(model: str, folder: Path | None) -> dict[str, Any]:
    parameters = {"model": model} | ({} if folder is None else {"folder": str(folder)})
    with connection(OPEN_TIMEOUT_S) as client:
        state: dict[str, Any] = answer(client.post("/reindex", params=parameters))
    return state


def _print(state: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        typer.echo("", err=True)
    typer.echo(f"searches use {state['model']}, {state['points']:,} points")
    if state.get("wanted"):
        done = "" if state.get("filled") is None else f": {state['filled']:,} points have its vector"
        typer.echo(f"{state['wanted']} is being filled in{done}")
