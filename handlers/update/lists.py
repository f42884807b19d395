"""Lists: of whom is a list the whole, and who only adds. Pure.

A list is taken over whole from the most believed source, as long as what was held came from it or from sources that
are believed less. Where others had a part in it (an import, the other service of the same platform), the source adds
what is missing and takes nothing away: what it does not list it does not deny. So an empty list counts only for who
held one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.items import Item, items_of, matches
from handlers.update import belief
from handlers.update.canonical import canonical
from handlers.update.change import JSON, Dissent, FieldChange, Finding
from handlers.update.choose import belief_order, taken_back
from handlers.update.current import Held
from handlers.update.statements import Statement


def choose_list(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """The change of a list, if there is one, and the lists that were not followed."""
    withdrawn, held = taken_back(field, held, said)
    holders = belief.sources_of(held.label)
    heard = [one for one in said if one.value and not held.outdates(one.observed_at)]
    if not heard:
        gone = bool(withdrawn and held.value) and not holders
        return [FieldChange(field, held.value, None, *_whose(withdrawn[:1]), belief.OWN_LIST)] if gone else []
    heard.sort(key=lambda one: belief_order(field, one))
    best = [one for one in heard if one.platform == heard[0].platform]
    ignored = [one for one in heard if one not in best]
    if held.value and belief.held_rank(field, held.label) < belief.rank(field, best[0].platform):
        return _dissents(field, held.value, heard, f"{held.label} is believed more")
    speakers = frozenset(one.source for one in best)
    others = frozenset(one for one in holders - speakers if held.value and not _gives_way(field, one, best[0].platform))
    # The words of one platform are laid together in a fixed order, so that it does not matter which came first.
    lists = [one.value for one in sorted(best, key=lambda one: one.source)]
    target = _target(field, held.value, lists, adding=bool(others))
    dissents = _dissents(field, target, ignored, f"{best[0].source} is believed more")
    if canonical(field, target) == canonical(field, held.value):
        return dissents
    rule = belief.ADDED if others else belief.OWN_LIST if held.value else belief.FIRST_WORD
    label, moment = _whose(best, others)
    return [FieldChange(field, held.value, target, label, moment, rule), *dissents]


def _whose(said: Sequence[Statement], others: frozenset[str] = frozenset()) -> tuple[str, datetime]:
    """The label and the time of a list that these and others had a part in."""
    return belief.label_of(others | {one.source for one in said}), max(one.observed_at for one in said)


def choose_pages(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """Pages are added when the record has none on that site: the address of a page it has may carry an older title."""
    heard = sorted((one for one in said if one.value), key=lambda one: belief_order(field, one))
    pages: list[str] = list(held.value or [])
    sites = {_site(page) for page in pages}
    added: list[Statement] = []
    for one in heard:
        fresh = [page for page in one.value if _site(page) not in sites]
        if fresh and not held.outdates(one.observed_at):
            sites |= {_site(page) for page in fresh}
            pages += fresh
            added.append(one)
    if not added:
        return []
    label = belief.label_of(frozenset(one.source for one in added) | belief.sources_of(held.label))
    moment = max(one.observed_at for one in added)
    return [FieldChange(field, held.value, pages, label, moment, belief.OWN_PAGE)]


def _gives_way(field: str, source: str, platform: str) -> bool:
    """Whether a holder is a service that is believed less; an import is not one, and neither is the same platform."""
    return source in belief.PLATFORM_OF and belief.held_rank(field, source) > belief.rank(field, platform)


def _target(field: str, held: JSON, lists: Sequence[JSON], *, adding: bool) -> JSON:
    before = items_of(field, held)
    target = before if adding else []
    for at, value in enumerate(lists):
        items = items_of(field, value)
        if at == 0 and not adding:
            found = matches(items, before)
            target = [_laid(before[found[i]], item, over=True) if i in found else item for i, item in enumerate(items)]
        else:
            target = _added(target, items)
    shape = next((value for value in (*lists, held) if value), None)
    return _put_together(target, shape)


def _added(target: Sequence[Item], items: Sequence[Item]) -> list[Item]:
    found = matches(items, target)
    by_place = {place: items[at] for at, place in found.items()}
    kept = [_laid(item, by_place[at], over=False) if at in by_place else item for at, item in enumerate(target)]
    return kept + [item for at, item in enumerate(items) if at not in found]


def _laid(before: Item, item: Item, *, over: bool) -> Item:
    """One item of two: what is absent in one is taken from the other; `over` says whose word wins where both speak."""
    if not isinstance(before.value, dict) or not isinstance(item.value, dict):
        # Of two writings of one text the held one stays, unless its own source writes it anew.
        return item if over else before
    first, second = (before.value, item.value) if over else (item.value, before.value)
    value: dict[str, Any] = {**first, **{name: inner for name, inner in second.items() if inner not in (None, [], {})}}
    if before.value.get("external_ids") and item.value.get("external_ids"):
        value["external_ids"] = {**first["external_ids"], **second["external_ids"]}
    return Item(item.group, item.name, value.get("external_ids") or {}, value)


def _put_together(items: Sequence[Item], shape: JSON) -> JSON:
    if not items:
        return None
    if not isinstance(shape, dict):
        return [item.value for item in items]
    if not any(isinstance(value, list) for value in shape.values()):
        return {item.group: item.value for item in items}
    groups: dict[str, list[JSON]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item.value)
    return groups


def _dissents(field: str, held: JSON, said: Sequence[Statement], reason: str) -> list[Finding]:
    """The lists that name something else. One that only lacks items denies none."""
    known, there = canonical(field, held), items_of(field, held)
    differing = (one for one in said if canonical(field, one.value) != known)
    return [Dissent(field, one.value, one.source, reason) for one in differing if _names_more(field, one.value, there)]


def _names_more(field: str, value: JSON, there: Sequence[Item]) -> bool:
    items = items_of(field, value)
    return len(matches(items, there)) < len(items)


def _site(page: str) -> str:
    return page.partition("://")[2].partition("/")[0].removeprefix("www.").casefold()
