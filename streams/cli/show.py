"""`echora show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from streams.cli import beliefs
from streams.cli.client import ask
from streams.cli.output import print_json, print_table, text

EPISODES_SHOWN_MAX = 30
_PLAIN = ("type", "status", "season", "year", "rating", "source_material", "episode_count", "duration")


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the anime; `echora search` prints it.")],
    provenance: Annotated[bool, typer.Option("--provenance", help="Say who said each field, when, and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole record as JSON.")] = False,
) -> None:
    """Show one record.

    Example: echora show a14d8236-ea4c-5a2f-8965-58670a85bc90 --provenance
    """
    from urllib.parse import quote

    record = ask(f"/anime/{quote(id, safe='')}")
    if as_json:
        print_json(record)
        return
    anime = record["anime"]
    typer.echo(f"{text(anime['title'])}   version {record['version']}, changed {record['updated_at']}")
    if record.get("deleted_at"):
        typer.echo(f"deleted {record['deleted_at']}")
    print_table("", ("field", "value"), _facts(anime))
    if anime.get("synopsis"):
        typer.echo(f"\n{text(anime['synopsis'])}\n")
    _print_belongings(record)
    if provenance:
        rows = [_said(name, said) for name, said in sorted(record["provenance"].items())]
        print_table("who said it", ("field", "source", "observed", "believed by", "others said"), rows)


def _said(name: str, said: dict[str, Any]) -> tuple[str, ...]:
    belief = said.get("belief")
    return name, said["source"], said["observed_at"], beliefs.rule(belief), beliefs.others(belief)


def _facts(anime: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("title_english", "title_japanese", *_PLAIN):
        if anime.get(name) is not None:
            yield name.replace("_", " "), anime[name]
    for name, value in (anime.get("aired_dates") or {}).items():
        yield name.replace("_", " "), value
    for name in ("genres", "tags", "demographics"):
        if anime.get(name):
            yield name, ", ".join(anime[name])
    if anime.get("studios"):
        yield "studios", ", ".join(studio["name"] for studio in anime["studios"])
    for name, value in (anime.get("external_ids") or {}).items():
        yield f"id on {name}", value
    for name, value in (anime.get("score") or {}).items():
        yield name.replace("_", " "), f"{value:.2f}"


def _print_belongings(record: dict[str, Any]) -> None:
    characters, episodes, relations = record["characters"], record["episodes"], record["relations"]
    if characters:
        rows = [(one["name"], one.get("role"), one["id"]) for one in characters]
        print_table(f"{len(rows)} characters", ("name", "role", "id"), rows)
    if episodes:
        shown = [(one["episode_number"], one.get("title"), one.get("aired")) for one in episodes]
        print_table(f"{len(shown)} episodes", ("#no.", "title", "aired"), shown[:EPISODES_SHOWN_MAX])
        if len(shown) > EPISODES_SHOWN_MAX:
            typer.echo(f"and {len(shown) - EPISODES_SHOWN_MAX} more; --json has them all")
    if relations:
        rows = [
            (
                one["relation"],
                one["title"],
                one.get("anime_id") or f"{one['source']} {one['external_id']}, not here yet",
            )
            for one in relations
        ]
        print_table("relations", ("relation", "title", "anime"), rows)
