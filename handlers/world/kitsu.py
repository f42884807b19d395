"""The dialect of Kitsu: JSON:API, twenty to a page, relations included on request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from handlers.world import kitsu_anime, kitsu_people
from handlers.world.asking import Answer, Ask
from handlers.world.changes import Source
from handlers.world.kitsu_resource import Json, Printer, Resource, dashed, include_tree, sparse_fields
from handlers.world.showing import ShownAnime
from handlers.world.world import Showing

SIZE_MAX = 20
_SIZE = 10
_MESSAGES = {
    400: ("Bad request", "The request cannot be read."),
    404: ("Record not found", "The record identified by the given id could not be found."),
    429: ("Too many requests", "Slow down."),
    500: ("Internal Server Error", "Something went wrong."),
    504: ("Gateway Timeout", "The service took too long to answer."),
}
# Lists that stand beside /anime, and the filter that names their anime.
_LISTS: Mapping[str, tuple[str, str]] = {
    "/episodes": ("episodes", "filter[mediaId]"),
    "/castings": ("castings", "filter[mediaId]"),
    "/media-characters": ("characters", "filter[mediaId]"),
    "/anime-characters": ("animeCharacters", "filter[animeId]"),
    "/anime-productions": ("animeProductions", "filter[animeId]"),
    "/anime-staff": ("animeStaff", "filter[animeId]"),
}


class Kitsu:
    """Answers as Kitsu does; it publishes no limits."""

    source = Source.KITSU
    prefix = "/kitsu/api/edge"
    media_type = "application/vnd.api+json"
    rates: Sequence[tuple[int, float]] = ()

    def answer(self, ask: Ask, showing: Showing) -> Answer:
        """Route a request."""
        if ask.method != "GET":
            return self.fault(400, None)
        if ask.number("page[limit]", _SIZE) > SIZE_MAX:
            return _error(400, "Invalid page value", f"Limit exceeds maximum page size of {SIZE_MAX}.", "118")
        if match := re.fullmatch(r"/(anime|characters)/(\d+)", ask.path):
            found = _one(showing, match[1], int(match[2]))
            return _single(ask, found) if found else self._missing(match[2])
        if match := re.fullmatch(r"/anime/(\d+)/([a-z-]+)", ask.path):
            shown = showing.anime_by_number(int(match[1]))
            related = _related(shown, showing, match[2]) if shown else None
            return _many(ask, related) if related is not None else self._missing(match[1])
        listed = _listed(ask, showing)
        return _many(ask, listed) if listed is not None else self.fault(404, None)

    def fault(self, status: int, retry_after_s: int | None) -> Answer:
        """An error body."""
        title, detail = _MESSAGES.get(status, _MESSAGES[500])
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return Answer(status, _error(status, title, detail, str(status)).body, headers)

    def _missing(self, number: str) -> Answer:
        return _error(404, "Record not found", f"The record identified by {number} could not be found.", "404")


def _error(status: int, title: str, detail: str, code: str) -> Answer:
    return Answer(status, {"errors": [{"title": title, "detail": detail, "code": code, "status": str(status)}]})


def _one(showing: Showing, kind: str, number: int) -> Resource | None:
    if kind == "characters":
        character = showing.character_by_number(number)
        return kitsu_people.character(character) if character else None
    shown = showing.anime_by_number(number)
    return kitsu_anime.anime(shown, showing) if shown else None


def _related(shown: ShownAnime, showing: Showing, path: str) -> list[Resource] | None:
    relations = kitsu_anime.anime(shown, showing).relations
    names = {dashed(name): name for name in relations}
    if path not in names:
        return None
    found = relations[names[path]]()
    return list(found) if isinstance(found, Sequence) else []


def _listed(ask: Ask, showing: Showing) -> list[Resource] | None:
    if ask.path == "/anime":
        return [kitsu_anime.anime(shown, showing) for shown in _wanted(ask, showing)]
    if ask.path == "/characters":
        numbers = _numbers(ask.first("filter[id]"))
        return [found for number in numbers if (found := _one(showing, "characters", number))]
    if ask.path == "/mappings":
        return _mappings(ask, showing)
    if ask.path in _LISTS:
        name, parameter = _LISTS[ask.path]
        shown = [showing.anime_by_number(number) for number in _numbers(ask.first(parameter))]
        return [one for each in shown if each for one in _related(each, showing, dashed(name)) or []]
    return None


def _wanted(ask: Ask, showing: Showing) -> list[ShownAnime]:
    since = ask.first("filter[since]")
    if ask.first("filter[id]"):
        found = [showing.anime_by_number(number) for number in _numbers(ask.first("filter[id]"))]
        return [one for one in found if one and kitsu_anime.stamp(one.changed_at) >= since]
    text, status = ask.first("filter[text]").casefold(), ask.first("filter[status]")
    tests: Sequence[Callable[[Json], bool]] = (
        lambda said: not text or any(text in str(title).casefold() for title in said["titles"].values()),
        lambda said: not status or said["status"] in status.split(","),
        lambda said: ask.first("filter[slug]") in ("", said["slug"]),
        # All stamps have one form, so that they compare as text.
        lambda said: said["updatedAt"] >= since,
    )
    return [
        shown
        for shown in showing.anime()
        if all(test(said) for said in [kitsu_anime.attributes(shown, showing)] for test in tests)
    ]


def _mappings(ask: Ask, showing: Showing) -> list[Resource]:
    site, numbers = ask.first("filter[externalSite]"), _numbers(ask.first("filter[externalId]"))
    wanted = {str(number) for number in numbers}
    return [
        one
        for shown in showing.anime()
        for one in kitsu_anime.mappings(shown, showing)
        if site in ("", one.attributes["externalSite"]) and (not wanted or one.attributes["externalId"] in wanted)
    ]


def _numbers(text: str) -> list[int]:
    parts = (part.strip() for part in text.split(","))
    return list(dict.fromkeys(int(part) for part in parts if part.isascii() and part.isdigit()))


def _single(ask: Ask, resource: Resource) -> Answer:
    printer = Printer(ask.base_url, sparse_fields(ask.query))
    body: Json = {"data": printer.printed(resource, include_tree(ask.first("include")))}
    return Answer(200, _with_included(body, printer, ask))


def _many(ask: Ask, resources: Sequence[Resource]) -> Answer:
    start, size = ask.number("page[offset]", 0), ask.number("page[limit]", _SIZE) or _SIZE
    printer, tree = Printer(ask.base_url, sparse_fields(ask.query)), include_tree(ask.first("include"))
    data = [printer.printed(resource, tree) for resource in resources[start : start + size]]
    body: Json = {"data": data, "meta": {"count": len(resources)}}
    body = _with_included(body, printer, ask)
    return Answer(200, {**body, "links": _links(ask, len(resources), start, size)})


def _with_included(body: Json, printer: Printer, ask: Ask) -> Json:
    return {**body, "included": list(printer.included.values())} if ask.first("include") else body


def _links(ask: Ask, total: int, start: int, size: int) -> dict[str, Any]:
    def page(offset: int) -> str:
        return ask.link(**{"page[limit]": size, "page[offset]": offset})

    last = (max(0, total - 1) // size) * size
    links = {"first": page(0)}
    if start > 0:
        links["prev"] = page(max(0, start - size))
    if start + size < total:
        links["next"] = page(start + size)
    return {**links, "last": page(last)}
