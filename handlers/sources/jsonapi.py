"""JSON:API: a resource and what is included with it, read as one object."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, cast

from handlers.sources.port import Raw
from handlers.sources.values import items, part

_DEPTH_MAX = 2

Index = Mapping[tuple[str, str], Raw]


def index_of(included: object) -> Index:
    """The included resources by type and id."""
    return {(str(resource.get("type")), str(resource.get("id"))): resource for resource in items(included)}


def linked(resource: Raw, name: str) -> list[tuple[str, str]] | None:
    """Type and id of what a relationship leads to; None when the body does not say (the link was not included)."""
    relationship = part(part(resource.get("relationships")).get(name))
    if "data" not in relationship:
        return None
    data = relationship["data"]
    return [(str(one.get("type")), str(one.get("id"))) for one in items(data if isinstance(data, list) else [data])]


def _onward(resource: Raw) -> list[tuple[str, str]]:
    return [key for name in part(resource.get("relationships")) for key in linked(resource, name) or []]


def reachable(resource: Raw, names: Iterable[str], index: Index) -> list[Raw]:
    """The included resources that belong to one resource: along `names`, and one step on from there."""
    found: dict[tuple[str, str], Raw] = {}
    level = [key for name in names for key in linked(resource, name) or []]
    for _ in range(_DEPTH_MAX):
        fresh = [key for key in level if key in index and key not in found]
        found |= {key: index[key] for key in fresh}
        level = [key for at in fresh for key in _onward(index[at])]
    return list(found.values())


def view(resource: Raw, names: Iterable[str], index: Index) -> Raw:
    """Attributes and resolved relationships side by side. A relationship that the body does not say is absent."""
    resolved: dict[str, Any] = {"id": resource.get("id")}
    for name in names:
        keys = linked(resource, name)
        if keys is not None:
            resolved[name] = [index[key] for key in keys if key in index]
    return ChainMap(resolved, cast(MutableMapping[str, Any], part(resource.get("attributes"))))
