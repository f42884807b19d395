"""The items of a list, and when two of them are the same thing. Lists are compared as sets: order says nothing.

A list of the record is plain (genres), grouped under names (staff per role, pictures per kind), or a map of texts
(pages by name). Here all three are flat items, and can be put back together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.texts import label, person

JSON = Any

# A person is written family name first by one source and last by another.
PEOPLE: Final = frozenset({"staff_data", "voice_actors"})
# What names an item, first found first; and what else it takes where one name stands for several things.
_NAMES: Final = ("name", "title", "platform", "url")
_SECOND_NAMES: Final = {"voice_actors": "language", "opening_themes": "artist", "ending_themes": "artist"}


@dataclass(frozen=True, slots=True)
class Item:
    """One item: the group it stands in (empty in a plain list), its name as compared, its ids per platform, itself."""

    group: str
    name: str
    ids: Mapping[str, str]
    value: JSON

    def same_as(self, other: Item) -> bool:
        """Whether both are one thing: an id that both have decides, else the name."""
        if self.group != other.group:
            return False
        shared = self.ids.keys() & other.ids.keys()
        if shared:
            return any(self.ids[platform] == other.ids[platform] for platform in shared)
        return self.name == other.name


def items_of(field: str, value: JSON) -> list[Item]:
    """The items of the value of `field`; none for an absent one. A map of texts gives one item per key."""
    if not isinstance(value, Mapping):
        return [_item(field, "", one) for one in value or ()]
    found: list[Item] = []
    for group, inner in value.items():
        if isinstance(inner, list):
            found += [_item(field, str(group), one) for one in inner]
        elif inner is not None:
            found.append(Item(str(group), "", {}, inner))
    return found


def in_short(item: Item) -> str:
    """An item as people name it, behind its group; one that has no name by its ids."""
    value = item.value
    if isinstance(value, Mapping):
        ids = " ".join(f"{platform} {external_id}" for platform, external_id in sorted(item.ids.items()))
        value = next((value[key] for key in _NAMES if value.get(key)), ids)
    return f"{item.group} {value}".strip()


def lost(field: str, old: JSON, new: JSON) -> tuple[int, int]:
    """How many items of `old` are not in `new`, and how many there were."""
    before = items_of(field, old)
    return len(before) - len(matches(items_of(field, new), before)), len(before)


def matches(items: Sequence[Item], others: Sequence[Item]) -> dict[int, int]:
    """Which of `others` each of `items` is, by position; each is matched once, the surest match first."""
    found: dict[int, int] = {}
    taken: set[int] = set()
    for keys in (_exact, _ids, _name):
        places: dict[object, list[int]] = {}
        for at, other in enumerate(others):
            if at not in taken:
                for key in keys(other):
                    places.setdefault(key, []).append(at)
        for at, item in enumerate(items):
            if at in found:
                continue
            candidates = (place for key in keys(item) for place in places.get(key, ()))
            match = next((one for one in candidates if one not in taken and item.same_as(others[one])), None)
            if match is not None:
                found[at] = match
                taken.add(match)
    return found


def _exact(item: Item) -> Iterable[object]:
    return ((item.group, repr(item.value)),)


def _ids(item: Item) -> Iterable[object]:
    return ((item.group, platform, external_id) for platform, external_id in sorted(item.ids.items()))


def _name(item: Item) -> Iterable[object]:
    return ((item.group, item.name),)


def _item(field: str, group: str, one: JSON) -> Item:
    if not isinstance(one, Mapping):
        return Item(group, label(str(one)), {}, one)
    compared = person if field in PEOPLE else label
    name = next((compared(str(one[key])) for key in _NAMES if one.get(key)), "")
    second = label(str(one.get(_SECOND_NAMES.get(field, "")) or ""))
    return Item(group, f"{name}\x1f{second}", one.get("external_ids") or {}, one)
