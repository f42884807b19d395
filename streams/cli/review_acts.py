"""`echora review approve`, `reject` and `undo`, one by one or by filter."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer

from streams.cli.client import answer, connection, send
from streams.cli.failure import ExitCode, Failure
from streams.cli.output import Json, print_json, print_table
from streams.cli.review_list import COLUMNS, table
from streams.cli.review_words import By, Entity, FieldName, Ids, OlderThan, Rule, Source, Title, who

# A thousand decisions are some ten transactions.
BULK_TIMEOUT_S: Final = 180.0
DryRun = Annotated[bool, typer.Option("--dry-run", help="With a filter: only show what would be decided.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="With a filter: do not ask first.")]
Limit = Annotated[int, typer.Option(min=1, max=1_000, help="With a filter: how many at most, oldest first.")]


def approve(
    ids: Ids = None,
    value: Annotated[
        str | None,
        typer.Option(help="With one id: this value in its place; text, or JSON for numbers, lists and null."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    source: Source = None,
    rule: Rule = None,
    field: FieldName = None,
    title: Title = None,
    entity: Entity = None,
    older_than: OlderThan = None,
    limit: Limit = 500,
    by: By = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Apply held changes: those that are named, or all that wait and pass a filter. Exits with 1 when one was not.

    Example: echora review approve --rule "title changed" --source kitsu --dry-run
    """
    wanted = _filter(source, rule, field, title, entity, older_than)
    if ids:
        _refuse_both(wanted)
        if value is not None and len(ids) > 1:
            raise Failure("--value is for one review; name one id", ExitCode.USAGE)
        body = {"by": who(by), "reason": reason or ""} | ({"value": _read(value)} if value is not None else {})
        _each(ids, "approve", body, as_json)
        return
    if value is not None:
        raise Failure("--value is for one review; name its id", ExitCode.USAGE)
    _bulk("approve", wanted, who(by), reason or "approved by filter", limit, dry_run, yes, as_json)


def reject(
    ids: Ids = None,
    reason: Annotated[str, typer.Option(help="Why; the same change is not proposed again.")] = "",
    source: Source = None,
    rule: Rule = None,
    field: FieldName = None,
    title: Title = None,
    entity: Entity = None,
    older_than: OlderThan = None,
    limit: Limit = 500,
    by: By = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Turn held changes down: those that are named, or all that wait and pass a filter.

    Example: echora review reject --field synopsis --older-than 7d --reason "the texts are still there" --dry-run
    """
    wanted = _filter(source, rule, field, title, entity, older_than)
    if not reason and not dry_run:
        raise Failure("say --reason; whoever finds the rejection later has to know why", ExitCode.USAGE)
    if ids:
        _refuse_both(wanted)
        _each(ids, "reject", {"by": who(by), "reason": reason}, as_json)
        return
    _bulk("reject", wanted, who(by), reason or "not said", limit, dry_run, yes, as_json)


def undo(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of reviews.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take decisions back: an approval while nothing newer touched the field, a rejection while the record still fits.

    Example: echora review undo 3a6d2f0e-6c7b-5d4e-9a51-0b9b7d6f1c11 --reason "wrong show"
    """
    _each(ids, "undo", {"by": who(by), "reason": reason}, as_json)


def _filter(*values: str | None) -> dict[str, str]:
    names = ("source", "rule", "field", "title", "entity_id", "older_than")
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _refuse_both(wanted: dict[str, str]) -> None:
    if wanted:
        raise Failure("name ids or a filter, not both", ExitCode.USAGE)


def _read(value: str) -> Any:
    """Text stands for itself; what begins as JSON does is read as JSON."""
    begins = value.lstrip()[:1]
    if begins in ("[", "{", '"') or value.strip() in ("null", "true", "false") or _is_number(value):
        try:
            return json.loads(value)
        except ValueError as error:
            raise Failure(f"--value is no JSON: {error}; put a text that begins so in quotes", ExitCode.USAGE) from None
    return value


def _is_number(value: str) -> bool:
    return value.strip().lstrip("-").replace(".", "", 1).isdigit()


def _each(ids: list[str], act: str, body: dict[str, Any], as_json: bool) -> None:
    from urllib.parse import quote

    done: list[dict[str, Any]] = []
    failure: Failure | None = None
    with connection() as client:
        for one in ids:
            try:
                done.append(answer(client.post(f"/reviews/{quote(one, safe='')}/{act}", json=body)))
            except Failure as problem:
                failure = problem
                done.append({"id": one, "problem": str(problem)})
    if as_json:
        print_json(done[0] if len(done) == 1 else done)
    else:
        for one_done in done:
            if not one_done.get("problem"):
                version = f", version {one_done['version']}" if one_done.get("version") is not None else ""
                typer.echo(f"{one_done['state']}: {one_done['id']}{version}")
            elif len(ids) > 1:
                typer.echo(f"echora: {one_done['id']}: {one_done['problem']}", err=True)
    if failure is not None:
        raise failure if len(ids) == 1 else Failure(f"not all were done; the last: {failure}", failure.code)


def _bulk(
    decision: str, wanted: dict[str, str], by: str, reason: str, limit: int, dry_run: bool, yes: bool, as_json: bool
) -> None:
    if not wanted:
        raise Failure(
            "name ids, or say which with --rule, --source, --field, --title, --entity or --older-than", ExitCode.USAGE
        )
    if as_json and not (dry_run or yes):
        raise Failure("--json asks nobody; say --dry-run or --yes with it", ExitCode.USAGE)
    body = {"decision": decision, "by": by, "reason": reason, "limit": limit, **wanted}
    if dry_run or not yes:
        dry = send("/reviews/decide", {**body, "dry_run": True}, BULK_TIMEOUT_S)
        if dry_run and as_json:
            print_json(dry)
            return
        _print_dry(dry)
        if dry_run or not dry["matching"]:
            return
        typer.confirm(f"{decision} {dry['matching'] - dry['left']}?", abort=True, err=True)
    done = send("/reviews/decide", {**body, "dry_run": False}, BULK_TIMEOUT_S)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{decision}: {done['done']} of {done['matching']} that were meant, {done['left']} left")
        for one in done["problems"]:
            typer.echo(f"echora: {one['id']}: {one['problem']}", err=True)
    if done["problems"]:
        raise typer.Exit(ExitCode.REFUSED)


def _print_dry(dry: dict[str, Any]) -> None:
    if dry["sample"]:
        print_table("", COLUMNS, table(dry["sample"], dry["now"]))
    more = dry["matching"] - len(dry["sample"])
    typer.echo(
        f"would {dry['decision']} {dry['matching'] - dry['left']} of {dry['matching']} that wait and are meant"
        + (f"; {more} are not shown" if more > 0 else "")
    )
