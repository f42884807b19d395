"""How a held change is written for people, and the options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from streams.cli.output import age, one_line, text

SHOWN_CHARS_MAX: Final = 60
ITEMS_SHOWN_MAX: Final = 4

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID…]", help="Ids of reviews; `echora review list` has them.")
]
Source = Annotated[str | None, typer.Option(help="Only what this source proposes, e.g. kitsu.")]
Rule = Annotated[str | None, typer.Option(help='Only what this rule holds, e.g. "title changed".')]
FieldName = Annotated[str | None, typer.Option("--field", help="Only changes of this field, e.g. synopsis.")]
Title = Annotated[str | None, typer.Option(help="Only titles or names that contain this.")]
Entity = Annotated[str | None, typer.Option(metavar="ID", help="Only of this anime or character.")]
OlderThan = Annotated[str | None, typer.Option(metavar="TIME", help="Only what waits for longer: 12h, 7d, 2026-11-22.")]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; by default your login name.")]


def who(by: str | None) -> str:
    """The name that a decision is kept with."""
    import getpass

    from streams.cli.failure import ExitCode, Failure

    try:
        return by or getpass.getuser()
    except (OSError, KeyError):
        raise Failure("nobody knows your login name here; say --by NAME", ExitCode.USAGE) from None


def change(old: Any, new: Any) -> str:
    """A change in one short line: of lists what goes and what comes, of everything else from what to what."""
    if isinstance(old, list | dict) or isinstance(new, list | dict):
        before, after = names(old), names(new)
        gone, come = [one for one in before if one not in after], [one for one in after if one not in before]
        parts = [f"{len(before)} → {len(after)}", *_some("-", gone), *_some("+", come)]
        return "  ".join(parts)
    return f"{short(old)} → {short(new)}"


def names(value: Any) -> list[str]:
    """The items of a list by name; in groups, with the group's."""
    if isinstance(value, dict):
        flat: list[str] = []
        for group, inner in value.items():
            flat += [f"{group}: {one}" for one in (names(inner) if isinstance(inner, list) else [str(inner)])]
        return flat
    return [_name(one) for one in value or ()]


def short(value: Any, chars_max: int = SHOWN_CHARS_MAX) -> str:
    """A value of a record in one line."""
    if value is None:
        return "nothing"
    return one_line(value, chars_max)


def rules(review: dict[str, Any]) -> str:
    """The rules that hold it."""
    return ", ".join(one["rule"] for one in review["reasons"])


def waited(review: dict[str, Any], now: str) -> str:
    """For how long it waits, or waited."""
    since, until = datetime.fromisoformat(review["created_at"]), datetime.fromisoformat(review.get("decided_at") or now)
    return age(max(0.0, (until - since).total_seconds()))


def _name(one: Any) -> str:
    if not isinstance(one, dict):
        return text(one)
    return text(next((one[key] for key in ("name", "title", "platform", "url") if one.get(key)), one))


def _some(sign: str, items: Iterable[str]) -> list[str]:
    found = list(items)
    if not found:
        return []
    more = f" and {len(found) - ITEMS_SHOWN_MAX} more" if len(found) > ITEMS_SHOWN_MAX else ""
    return [sign + f", {sign}".join(short(one, 30) for one in found[:ITEMS_SHOWN_MAX]) + more]
