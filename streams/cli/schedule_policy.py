"""`echora schedule policy`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

import typer

from streams.cli.client import SCHEDULE_TIMEOUT_S, send
from streams.cli.failure import ExitCode, Failure
from streams.cli.output import Json, print_json
from streams.cli.schedule_words import Workflow, own_in_words, policy_in_words


def policy(
    workflow: Workflow,
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of what is looked at by it.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A part that differs; times in seconds.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Look by the workflow's policy again.")] = False,
    as_json: Json = False,
) -> None:
    """Look at some entities by a policy of their own. What they had of their own before is replaced.

    The names are those that `show --json` lists under policy. A regular look to come moves to its new place.

    Example: echora schedule policy metadata_refresh a14d8236-ea4c-5a2f-8965-58670a85bc90 --set interval_s=86400
    --set jitter_s=86400
    """
    if bool(set_) == reset:
        raise Failure("say what differs with --set NAME=VALUE, or --reset; `show` tells what counts", ExitCode.USAGE)
    wish = {"ids": ids, "policy": None if reset else _values(set_ or ())}
    done = send(f"/schedules/{quote(workflow, safe='')}/policy", wish, SCHEDULE_TIMEOUT_S)
    if as_json:
        print_json(done)
        return
    own = f" (of its own: {own_in_words(done['own_policy'])})" if done.get("own_policy") else ""
    typer.echo(f"{len(done['ids'])} of {done['workflow']}: {policy_in_words(done['policy'])}{own}")


def _values(said: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in said:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise Failure(f"--set {one}: write NAME=VALUE, e.g. interval_s=86400", ExitCode.USAGE)
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    """A number where it is one, else the text; the program says what it wants instead."""
    from math import isfinite

    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if isinstance(number, int) or isfinite(number) else text
    return text
