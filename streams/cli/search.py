"""`echora search`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.client import ask
from streams.cli.output import Json, print_json, print_table


def search(
    query: Annotated[str, typer.Argument(help="What you look for, in words.")],
    type: Annotated[list[str] | None, typer.Option(help="Format, e.g. TV or MOVIE; may be repeated.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="FINISHED, ONGOING, UPCOMING, …; may be repeated.")] = None,
    year: Annotated[str | None, typer.Option(help="2015, 2015..2020, 2015.. or ..2020.")] = None,
    genre: Annotated[list[str] | None, typer.Option(help="Genre; of several, all must hold.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many hits at most.")] = 10,
    as_json: Json = False,
) -> None:
    """Search in plain words.

    Example: echora search "a boxer's son who is failing at school" --year 2015..2020 --type TV
    """
    found = ask("/search", q=query, type=type, status=status, year=year, genre=genre, limit=limit)
    if as_json:
        print_json(found)
        return
    if not found["hits"]:
        typer.echo("nothing found; try fewer filters, or `echora status` to see whether the index has caught up")
        return
    rows = [
        (f"{hit['score']:.3f}", hit["title"], hit.get("type"), hit.get("year"), ", ".join(hit["genres"]), hit["id"])
        for hit in found["hits"]
    ]
    print_table("", ("#score", "title", "type", "#year", "genres", "id"), rows)
