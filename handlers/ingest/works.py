"""Related works: relation → works, whichever way a record writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from handlers.ingest import enumerations, identifiers
from handlers.ingest.shapes import Object, mapped, texts, unique, without_none

_UNNAMED_RELATION: Final = "OTHER"
_MANGA_PAGE: Final = "/manga/"
Ids = Callable[[Any], dict[str, str]]


def related(anime: Object) -> None:
    """Bring `related_anime`, `related_source_material` and the older `relations` to today's maps, in place.

    The older `relations` holds both kinds in one list; the address of a work says which it is.
    """
    older = anime.pop("relations", None)
    works = older if isinstance(older, list) else []
    if older is not None and not isinstance(older, list):
        anime["relations"] = older  # Not understood: it is counted as an ignored key.
    shows = [work for work in works if isinstance(work, dict) and not _is_source_material(work)]
    materials = [work for work in works if not isinstance(work, dict) or _is_source_material(work)]
    _merge(anime, "related_anime", shows, identifiers.anime_ids)
    _merge(anime, "related_source_material", materials, identifiers.manga_ids)


def _is_source_material(work: Object) -> bool:
    if identifiers.anime_ids(_pages(work)):
        return False
    return any(_MANGA_PAGE in str(page) for page in _pages(work)) or not _pages(work)


def _merge(anime: Object, field: str, further: list[Any], ids: Ids) -> None:
    given = anime.get(field)
    if given is None and not further:
        return
    if isinstance(given, dict):
        by_relation: Object = {}
        for word, works in given.items():
            _add(by_relation, enumerations.relation(word), mapped(works, _work(ids)))
        for relation, works in _grouped(further, ids).items() if further else ():
            _add(by_relation, relation, works)
        anime[field] = by_relation
    elif given is None or isinstance(given, list):
        anime[field] = _grouped([*(given or []), *further], ids)


def _add(by_relation: Object, relation: Any, works: Any) -> None:
    held = by_relation.get(relation)
    by_relation[relation] = [*held, *works] if isinstance(held, list) and isinstance(works, list) else works


def _work(ids: Ids) -> Callable[[Object], Object]:
    def one(work: Object) -> Object:
        pages = _pages(work)
        work.pop("url", None)
        stated = identifiers.stated_ids(work.get("external_ids") or {})
        found = ids(pages) | stated if isinstance(stated, dict) else stated
        if work.get("material") is not None:
            work["material"] = enumerations.source_material(work["material"])
        return without_none(work | {"external_ids": found or None, "sources": pages or None})

    return one


def _pages(work: Object) -> list[Any]:
    return [*texts(work.get("url")), *texts(work.get("sources"))]


def _grouped(works: list[Any], ids: Ids) -> Object:
    """The list by relation; the same work on several sources becomes one, as long as their ids agree."""
    groups: Object = {}
    for number, work in enumerate(works):
        relation, one = _relation_of(_work(ids)(dict(work))) if isinstance(work, dict) else (None, work)
        if not isinstance(relation, str):
            groups[f"(entry {number})"] = work  # Not a relation: the model refuses it under this name.
            continue
        group = groups.setdefault(relation, [])
        twin = next((other for other in group if _same(other, one)), None)
        if twin is None:
            group.append(one)
        else:
            group[group.index(twin)] = _joined(twin, one)
    return groups


def _relation_of(work: Object) -> tuple[Any, Object]:
    word = work.pop("relation_type", None) or work.pop("relation", None) or _UNNAMED_RELATION
    if enumerations.is_relation(word):
        return enumerations.relation(word), work
    if enumerations.is_anime_type(word):
        # Anime-Planet and others write the format of the other work where its relation belongs.
        return _UNNAMED_RELATION, {"type": enumerations.anime_type(word)} | work
    return word, work


def _same(one: Object, other: Object) -> bool:
    mine, theirs = one.get("external_ids") or {}, other.get("external_ids") or {}
    agree = all(mine[source] == theirs[source] for source in mine.keys() & theirs.keys())
    shared = bool(mine.keys() & theirs.keys())
    titles = str(one.get("title")).casefold().strip() == str(other.get("title")).casefold().strip()
    return agree and (titles or shared)


def _joined(one: Object, other: Object) -> Object:
    ids = (other.get("external_ids") or {}) | (one.get("external_ids") or {})
    pages = unique([*(one.get("sources") or []), *(other.get("sources") or [])])
    return without_none(other | one | {"external_ids": ids or None, "sources": pages or None})
