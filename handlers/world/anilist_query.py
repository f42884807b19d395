"""The roots of AniList's interface: which media, characters and air times a query means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.values import get_argument_values

from handlers.world import anilist_airing
from handlers.world import anilist_words as say
from handlers.world.anilist_media import media, updated_at
from handlers.world.anilist_pages import PAGE_SIZE_MAX, nested, page_info
from handlers.world.anilist_people import character, role
from handlers.world.changes import Source
from handlers.world.pages import Page, page_of
from handlers.world.showing import ShownAnime, ShownCharacter
from handlers.world.world import Showing

Json = dict[str, Any]
_SORTS: Mapping[str, tuple[Callable[[ShownAnime, Showing], Any], bool]] = {
    "ID": (lambda one, showing: showing.number(one), False),
    "ID_DESC": (lambda one, showing: showing.number(one), True),
    "TITLE_ROMAJI": (lambda one, _: one.anime.title.casefold(), False),
    "SCORE_DESC": (lambda one, _: _figure(one, "score"), True),
    "POPULARITY_DESC": (lambda one, _: _figure(one, "members"), True),
    "START_DATE": (lambda one, _: _start(one), False),
    "START_DATE_DESC": (lambda one, _: _start(one), True),
    "UPDATED_AT": (lambda one, showing: updated_at(one, showing.now), False),
    "UPDATED_AT_DESC": (lambda one, showing: updated_at(one, showing.now), True),
}


class Root:
    """The root value of one request: its methods are the fields of Query."""

    def __init__(self, showing: Showing, *, partial: bool) -> None:
        self._showing = showing
        self._partial = partial

    def Media(self, _: Any, **args: Any) -> Json:  # noqa: N802 - the service's own name
        """One media, or the service's Not Found."""
        found = self._media(args)
        if not found:
            raise GraphQLError("Not Found.", extensions={"status": 404})
        return media(found[0], self._showing, partial=self._partial)

    def Character(self, _: Any, **args: Any) -> Json:  # noqa: N802
        """One character, or the service's Not Found."""
        found = self._characters(args)
        if not found:
            raise GraphQLError("Not Found.", extensions={"status": 404})
        return self._character(found[0])

    def AiringSchedule(self, _: Any, **args: Any) -> Json:  # noqa: N802
        """One air time, or the service's Not Found."""
        found = self._airings(args)
        if not found:
            raise GraphQLError("Not Found.", extensions={"status": 404})
        return found[0]

    def Page(self, info: GraphQLResolveInfo[Any], page: int | None = 1, perPage: int | None = None) -> Json:  # noqa: N802, N803
        """A page of whichever list is asked for within it."""
        number, size = page or 1, max(1, min(PAGE_SIZE_MAX, perPage or PAGE_SIZE_MAX))
        lists: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Any]]] = {
            "media": self._media,
            "characters": self._characters,
            "airingSchedules": self._airings,
        }
        read: dict[str, tuple[Mapping[str, Any], Page[Any]]] = {}

        def paged(name: str, args: Mapping[str, Any]) -> Page[Any]:
            if name not in read or read[name][0] != args:
                read[name] = (args, page_of(lists[name](args), number, size))
            return read[name][1]

        def state(_: Any) -> Json:
            # pageInfo mostly stands before the list that it describes, so that list is looked up ahead.
            listed = _listed(info, lists)
            return page_info(paged(*listed) if listed else Page((), 1, size, 0))

        return {
            "pageInfo": state,
            "media": lambda _, **args: [
                media(one, self._showing, partial=self._partial) for one in paged("media", args).items
            ],
            "characters": lambda _, **args: [self._character(one) for one in paged("characters", args).items],
            "airingSchedules": lambda _, **args: paged("airingSchedules", args).items,
        }

    def _media(self, args: Mapping[str, Any]) -> list[ShownAnime]:
        if args.get("type") == "MANGA":
            return []
        found = [one for one in self._candidates(args) if _wanted(one, self._showing, args)]
        for name in reversed(args.get("sort") or []):
            if name in _SORTS:
                key, downwards = _SORTS[name]
                found.sort(key=lambda one, key=key: key(one, self._showing), reverse=downwards)  # type: ignore[misc]
        return found

    def _candidates(self, args: Mapping[str, Any]) -> list[ShownAnime]:
        # Asking by id is the common case, and it should not cost a walk through the catalogue.
        numbers = args.get("id_in") or ([args["id"]] if args.get("id") is not None else None)
        if numbers is None:
            return self._showing.anime()
        found = [self._showing.anime_by_number(number) for number in sorted(set(numbers))]
        return [one for one in found if one is not None]

    def _characters(self, args: Mapping[str, Any]) -> list[ShownCharacter]:
        numbers = args.get("id_in") or ([args["id"]] if args.get("id") is not None else None)
        if numbers is not None:
            found = [self._showing.character_by_number(number) for number in dict.fromkeys(numbers)]
        else:
            found = [self._showing.character_by_id(one) for one in self._showing.world.history.characters]
        wanted = (args.get("search") or "").casefold()
        return [one for one in found if one is not None and wanted in one.character.name.casefold()]

    def _character(self, shown: ShownCharacter) -> Json:
        works = self._showing.works_of(shown)
        edges = [
            {
                "id": self._showing.number(work),
                "node": media(work, self._showing),
                "characterRole": role(shown.character),
            }
            for work in works
        ]

        def listed(_: Any, page: int | None = 1, perPage: int | None = None, **args: Any) -> Json:  # noqa: N803
            return nested(edges if args.get("type") != "MANGA" else [], page, perPage)

        return {**character(shown), "media": listed}

    def _airings(self, args: Mapping[str, Any]) -> list[Json]:
        only = args.get("mediaId_in") or ([args["mediaId"]] if args.get("mediaId") is not None else None)
        shown = self._showing.anime() if only is None else self._candidates({"id_in": only})
        nodes = [
            {**node, "media": lambda _, one=one: media(one, self._showing)}
            for one in shown
            for number, at in anilist_airing.air_times(one)
            if _airing_wanted(node := anilist_airing.node(one, self._showing, number, at), args)
        ]
        downwards = (args.get("sort") or ["TIME"])[0].endswith("_DESC")
        by = "episode" if (args.get("sort") or ["TIME"])[0].startswith("EPISODE") else "airingAt"
        return sorted(nodes, key=lambda node: (node[by], node["id"]), reverse=downwards)


def _listed(info: GraphQLResolveInfo[Any], names: Collection[str]) -> tuple[str, dict[str, Any]] | None:
    page_type = info.schema.type_map["Page"]
    selected = [one for node in info.field_nodes if node.selection_set for one in node.selection_set.selections]
    for one in selected:
        if isinstance(one, FieldNode) and one.name.value in names and isinstance(page_type, GraphQLObjectType):
            definition = page_type.fields[one.name.value]
            return one.name.value, get_argument_values(definition, one, info.variable_values)
    return None


def _airing_wanted(node: Json, args: Mapping[str, Any]) -> bool:
    after, before, aired = args.get("airingAt_greater"), args.get("airingAt_lesser"), args.get("notYetAired")
    return (
        args.get("id") in (None, node["id"])
        and args.get("episode") in (None, node["episode"])
        and (after is None or node["airingAt"] > after)
        and (before is None or node["airingAt"] < before)
        and (aired is None or (node["timeUntilAiring"] > 0) is aired)
    )


def _wanted(one: ShownAnime, showing: Showing, args: Mapping[str, Any]) -> bool:
    anime, number, mal = one.anime, showing.number(one), one.title.ids.get(Source.MAL)
    form = say.FORMAT.get(anime.type) if anime.type else None
    state = say.status(one, 2)
    names = [anime.title, anime.title_english or "", anime.title_japanese or "", *(anime.synonyms or [])]
    wanted = (args.get("search") or "").casefold()
    return (
        args.get("id") in (None, number)
        and args.get("idMal") in (None, mal)
        and _among(args, "id", number)
        and _among(args, "idMal", mal)
        and _among(args, "status", state)
        and _among(args, "format", form)
        and args.get("status") in (None, state)
        and args.get("format") in (None, form)
        and args.get("season") in (None, anime.season)
        and args.get("seasonYear") in (None, anime.year)
        and args.get("isAdult") in (None, bool(anime.nsfw))
        and any(wanted in name.casefold() for name in names)
    )


def _among(args: Mapping[str, Any], name: str, value: Any) -> bool:
    inside, outside = args.get(f"{name}_in"), args.get(f"{name}_not_in")
    return (inside is None or value in inside) and (outside is None or value not in outside)


def _figure(one: ShownAnime, name: str) -> float:
    figures = (one.anime.statistics or {}).get("anilist")
    return float(getattr(figures, name, None) or 0)


def _start(one: ShownAnime) -> float:
    dates = one.anime.aired_dates
    return dates.aired_from.timestamp() if dates and dates.aired_from else 0.0
