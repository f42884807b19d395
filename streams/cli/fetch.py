"""`echora fetch`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.client import FETCH_TIMEOUT_S, ask
from streams.cli.failure import ExitCode
from streams.cli.output import one_line, print_json, print_table, text

_SHOWN_CHARS_MAX = 100


def fetch(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="jikan, anilist, kitsu or mal.")],
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids at that source; an episode is ANIME:NUMBER.")],
    kind: Annotated[
        str,
        typer.Option(help="anime, statistics, episodes, episode, airing, characters, staff or character."),
    ] = "anime",
    field: Annotated[list[str] | None, typer.Option("--field", help="Only this field; may be repeated.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Past the program's own cache.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the observations as JSON.")] = False,
) -> None:
    """Ask a source what it says now; nothing is changed by it.

    The program asks, within its one budget per source: the simulated world, or with ECHORA_SOURCES=live the service.

    Example: echora fetch jikan 52991 --json
    """
    from urllib.parse import quote

    path = f"/sources/{quote(source, safe='')}/{quote(kind, safe='')}"
    account = ask(path, id=ids, field=field or None, fresh=fresh, read_timeout_s=FETCH_TIMEOUT_S)
    if as_json:
        print_json(account)
    else:
        _print(account)
    if account["failures"]:
        raise typer.Exit(ExitCode.REFUSED)


def _print(account: dict[str, Any]) -> None:
    for one, seen in account["observations"].items():
        facts = seen.get("anime") or seen.get("character") or {}
        rows = [(name, _short(value)) for name, value in facts.items()]
        rows += [(name, _short(seen[name])) for name in ("latest_aired", "next_episode", "next_air_at") if name in seen]
        stale = ", stale" if seen.get("stale") else ""
        print_table(f"{account['source']} {one}, observed {seen['observed_at']}{stale}", ("field", "value"), rows)
        if seen["open"]:
            typer.echo(f"not said: {', '.join(seen['open'])}")
    for one, failure in account["failures"].items():
        typer.echo(f"{account['source']} {one}: {failure['kind']}: {text(failure['reason'])}", err=True)


def _short(value: Any) -> str:
    shown = ", ".join(_short(item) for item in value) if isinstance(value, list) else str(value)
    return one_line(shown, _SHOWN_CHARS_MAX)
