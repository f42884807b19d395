"""`echora review list` and `show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli import beliefs
from streams.cli.client import ask
from streams.cli.output import Json, print_json, print_table, text
from streams.cli.review_words import (
    Entity,
    FieldName,
    OlderThan,
    Rule,
    Source,
    Title,
    change,
    rules,
    short,
    waited,
)


def list_(
    state: Annotated[
        str,
        typer.Option(help="pending, approved, rejected, superseded, expired, failed, undone, or all."),
    ] = "pending",
    source: Source = None,
    rule: Rule = None,
    field: FieldName = None,
    title: Title = None,
    entity: Entity = None,
    older_than: OlderThan = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this review.")] = None,
    as_json: Json = False,
) -> None:
    """Show the changes that wait for a person, newest first.

    Example: echora review list --rule "title changed" --source kitsu
    """
    found = ask(
        "/reviews",
        state=state,
        source=source,
        rule=rule,
        field=field,
        title=title,
        entity_id=entity,
        older_than=older_than,
        limit=limit,
        after=after,
    )
    if as_json:
        print_json(found)
        return
    if not found["reviews"]:
        typer.echo(f"nothing to show; {found['waiting']} wait for a person in all")
        return
    print_table("", COLUMNS, table(found["reviews"], found["now"]))
    typer.echo(f"{found['waiting']} wait for a person in all")
    if found.get("after"):
        typer.echo(f"there are more: --after {found['after']}")


COLUMNS = ("title", "field", "change", "source", "held by", "#age", "state", "id")


def table(reviews: list[dict[str, Any]], now: str) -> list[tuple[Any, ...]]:
    """The rows of reviews for people."""
    return [
        (
            short(one.get("title") or one["entity_id"], 40),
            one["field"],
            change(one.get("old"), one["edited"] if one.get("was_edited") else one.get("new")),
            one["source"],
            rules(one),
            waited(one, now),
            one["state"],
            one["id"],
        )
        for one in reviews
    ]


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the review.")],
    as_json: Json = False,
) -> None:
    """Show one review whole: what would change, why it waits, what the record holds now, and who did what about it.

    Example: echora review show 3a6d2f0e-6c7b-5d4e-9a51-0b9b7d6f1c11
    """
    from urllib.parse import quote

    found = ask(f"/reviews/{quote(id, safe='')}")
    if as_json:
        print_json(found)
        return
    typer.echo(f"{text(found.get('title'))}   {found['field']}   {found['state']}")
    print_table("", ("", "value"), _facts(found))
    for act in found["story"]:
        typer.echo(f"{act['at']}  {text(act['act'])} by {text(act['by'])}: {text(act['reason'])}")


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("from", _whole(found.get("old"))),
        ("to", _whole(found.get("new"))),
        *([("edited to", _whole(found.get("edited")))] if found["was_edited"] else []),
        ("said by", f"{found['source']}, observed {found['observed_at']}"),
        *beliefs.facts(found.get("belief")),
        *((("held by", f"{one['rule']}: {one['reason']}")) for one in found["reasons"]),
        ("of", f"{found['entity_type']} {found['entity_id']}"),
        ("waits since", f"{found['created_at']}, version {found['base_version']} then"),
    ]
    if not found["base_holds"]:
        said = f", said by {found['current_source']}" if found.get("current_source") else ""
        facts.append(("holds now", f"{_whole(found.get('current'))}{said}"))
    if found.get("decided_at"):
        by = f" by {found['decided_by']}" if found.get("decided_by") else ""
        facts.append(("ended", f"{found['decided_at']}{by}: {found.get('decision_reason') or found['state']}"))
    if found["can_undo"]:
        facts.append(("undo", f"echora review undo {found['id']} --reason …"))
    return facts


def _whole(value: Any) -> str:
    import json

    if value is None:
        return "nothing"
    return text(value) if isinstance(value, str) else text(json.dumps(value, ensure_ascii=False))
