"""JSON:API: resources, what they relate to, and what a request wants included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Tree = dict[str, "Tree"]
_HUMP = re.compile(r"(?<!^)([A-Z])")
_DEPTH_MAX = 3
_INCLUDED_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. A relation is a function, called only when the request includes it; a list or one resource."""

    type: str
    id: int
    attributes: Json
    relations: Mapping[str, Callable[[], Sequence[Resource] | Resource | None]] = field(default_factory=dict)


def include_tree(text: str) -> Tree:
    """The paths of `include` as a tree: "a,b.c" becomes {a: {}, b: {c: {}}}."""
    tree: Tree = {}
    for path in filter(None, text.split(",")):
        branch = tree
        for name in path.strip().split(".")[:_DEPTH_MAX]:
            branch = branch.setdefault(name, {})
    return tree


def dashed(name: str) -> str:
    """A name as it stands in an address: mediaRelationships becomes media-relationships."""
    return _HUMP.sub(r"-\1", name).lower()


@dataclass(slots=True)
class Printer:
    """Prints resources with links below `base_url`, and gathers what they include, each resource once."""

    base_url: str
    fields: Mapping[str, frozenset[str]]
    included: dict[tuple[str, int], Json] = field(default_factory=dict)

    def printed(self, resource: Resource, tree: Tree) -> Json:
        """One resource as JSON."""
        address = f"{self.base_url}/{dashed(resource.type)}/{resource.id}"
        wanted = self.fields.get(resource.type)
        body: Json = {
            "id": str(resource.id),
            "type": resource.type,
            "links": {"self": address},
            "attributes": {name: value for name, value in resource.attributes.items() if not wanted or name in wanted},
        }
        relations = {
            name: self._relation(address, name, one, tree)
            for name, one in resource.relations.items()
            if not wanted or name in wanted
        }
        return {**body, "relationships": relations} if relations else body

    def _relation(
        self, address: str, name: str, related: Callable[[], Sequence[Resource] | Resource | None], tree: Tree
    ) -> Json:
        path = dashed(name)
        links = {"self": f"{address}/relationships/{path}", "related": f"{address}/{path}"}
        if name not in tree:
            return {"links": links}
        found = related()
        if found is None or isinstance(found, Resource):
            return {"links": links, "data": found and self._include(found, tree[name])}
        return {"links": links, "data": [self._include(one, tree[name]) for one in found]}

    def _include(self, resource: Resource, tree: Tree) -> Json:
        key = (resource.type, resource.id)
        if key not in self.included and len(self.included) < _INCLUDED_MAX:
            self.included[key] = {}
            self.included[key] = self.printed(resource, tree)
        return {"type": resource.type, "id": str(resource.id)}


def sparse_fields(query: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """The parameters fields[TYPE]=a,b: what of each type is wanted."""
    found = {}
    for key, value in query:
        match = re.fullmatch(r"fields\[(\w+)\]", key)
        if match:
            found[match[1]] = frozenset(value.split(","))
    return found
