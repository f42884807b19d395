"""Kitsu: JSON:API, twenty anime per page. The platform is `kitsu`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from contracts.errors import EchoraError, Transient
from contracts.model.anime import AnimeFields
from contracts.model.character import CharacterFields
from contracts.observation import CHARACTERS, EPISODES, LATEST_AIRED, NEXT_AIR, Kind
from handlers.sources import faults
from handlers.sources.dates import iso_instant
from handlers.sources.jsonapi import index_of, reachable, view
from handlers.sources.mappings.kitsu_anime import FIELDS, INCLUDE, rules
from handlers.sources.mappings.kitsu_people import CHARACTER, cast, episode, staff_rules
from handlers.sources.notes import Notes
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import gives, raw_names, read_fields, read_rows, stated
from handlers.sources.said import said_of_anime, said_of_character
from handlers.sources.tables.kitsu import SITE_OF, SITES
from handlers.sources.values import items, part, words

PAGE_SIZE: Final = 20
_INCLUDED = MappingProxyType(
    {
        "animeProductions": "animeProductions.producer",
        "mediaRelationships": "mediaRelationships.destination",
        "streamingLinks": "streamingLinks.streamer",
    }
)
_LISTS = MappingProxyType(
    {
        Kind.EPISODES: ("episodes", ""),
        Kind.CHARACTERS: ("castings", "character,person"),
        Kind.STAFF: ("anime-staff", "person"),
    }
)
_AIRING = frozenset({"broadcast", "status", "episode_count"})
_ALL = rules({})


# No limit is published; two requests per second is what a careful visitor would send.
POLICY: Final = SourcePolicy(base_url="https://kitsu.app/api/edge", rate_per_s=2, rate_per_min=60)


class Kitsu:
    """The adapter of Kitsu."""

    name = "kitsu"
    platform = "kitsu"
    policy = POLICY
    knows = frozenset({"mal", "anilist", "kitsu"})
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(_ALL), frozenset(Way), batch=PAGE_SIZE, pages_max=100),
            Kind.STATISTICS: Offer(frozenset({"statistics"}), frozenset(Way), batch=PAGE_SIZE, pages_max=100),
            Kind.AIRING: Offer(_AIRING | {NEXT_AIR}, frozenset({Way.FULL, Way.BATCHED}), batch=PAGE_SIZE),
            Kind.EPISODES: Offer(frozenset({EPISODES, LATEST_AIRED}), pages_mean=1.5, pages_max=100),
            Kind.CHARACTERS: Offer(frozenset({CHARACTERS}), pages_mean=3.0, pages_max=40),
            Kind.STAFF: Offer(frozenset({"staff_data"}), pages_mean=1.5, pages_max=20),
            Kind.CHARACTER: Offer(gives(CHARACTER), frozenset({Way.FULL, Way.BATCHED}), batch=PAGE_SIZE),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """Pages of twenty by filter[id]; the lists of an anime (episodes, castings, staff) one anime at a time."""
        if ask.kind in _LISTS:
            return [self._list(ask.kind, external_id) for external_id in ask.ids]
        path = "/characters" if ask.kind is Kind.CHARACTER else "/anime"
        shape = () if ask.kind is Kind.CHARACTER else self._shape(ask)
        since = (("filter[since]", _stamp(ask.since)),) if ask.since else ()
        limit = ("page[limit]", str(PAGE_SIZE))
        if not ask.ids:
            return [Call(path, (), (*since, limit, *shape))] if since else []
        batches = [ask.ids[start : start + PAGE_SIZE] for start in range(0, len(ask.ids), PAGE_SIZE)]
        return [Call(path, ids, (("filter[id]", ",".join(ids)), *since, limit, *shape)) for ids in batches]

    def _asked(self, ask: Ask) -> frozenset[str] | None:
        return {Kind.STATISTICS: frozenset({"statistics"}), Kind.AIRING: _AIRING}.get(ask.kind, ask.fields)

    def _shape(self, ask: Ask) -> tuple[tuple[str, str], ...]:
        asked = self._asked(ask)
        names = [name for name in raw_names(_ALL, asked) if name != "id"]
        include = [_INCLUDED.get(name, name) for name in names if name in INCLUDE]
        shape = [("include", ",".join(include))] if include else []
        return (*shape, *((("fields[anime]", ",".join(names)),) if asked is not None else ()))

    def _list(self, kind: Kind, external_id: str) -> Call:
        name, include = _LISTS[kind]
        params = (("page[limit]", str(PAGE_SIZE)), *((("include", include),) if include else ()))
        return Call(f"/anime/{external_id}/{name}", (external_id,), params)

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """Items by id with what is included for each; the next page is the one that links.next names."""
        more = self._next(call, reply)
        if ask.kind in _LISTS:
            item = {"data": items(reply.data.get("data")), "included": items(reply.data.get("included"))}
            return Page({call.ids[0]: item}, more)
        index = index_of(reply.data.get("included"))
        found = {
            str(resource.get("id")): {"data": resource, "included": reachable(resource, INCLUDE, index)}
            for resource in items(reply.data.get("data"))
        }
        return Page(found, more)

    def _next(self, call: Call, reply: Reply) -> tuple[Call, ...]:
        following = words(part(reply.data.get("links")).get("next"))
        if following is None:
            return ()
        # Only the query is taken over, so that a link can never lead to another host.
        params = tuple(parse_qsl(urlsplit(following).query))
        return (Call(call.path, call.ids, params, page=call.page + 1),) if params != call.params else ()

    def fault(self, reply: Reply) -> EchoraError | None:
        """Errors are JSON:API errors[]; a 400 has been seen to pass, so it is worth another try."""
        body = part(reply.data)
        if reply.status == 200 and "data" in body:
            return None
        errors = items(body.get("errors")) or [part(body.get("errors"))]
        detail = words(errors[0].get("detail")) or words(errors[0].get("title")) or "no detail"
        if reply.status == 400:
            return Transient(f"{self.name} answered 400: {detail}")
        return faults.by_status(self.name, reply.status, detail)

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What an item means, by kind."""
        index = index_of(item.get("included"))
        errors: dict[str, str] = {}
        match ask.kind:
            case Kind.EPISODES:
                return self._episodes(external_id, item, now)
            case Kind.CHARACTERS:
                found = read_rows(CHARACTERS, [item], lambda raw: cast(raw, index, _character(notes)), errors)
                speaks = frozenset({CHARACTERS}) if found else frozenset[str]()
                return Said(
                    characters=found[0] if found else None,
                    speaks_for=speaks,
                    errors=errors,
                    external_ids={"kitsu": external_id},
                )
            case Kind.STAFF:
                read = read_fields(item, staff_rules(index), AnimeFields, None, notes)
            case Kind.CHARACTER:
                raw = view(part(item.get("data")), (), index)
                read = read_fields(raw, CHARACTER, CharacterFields, ask.fields, notes)
                return said_of_character(read, {"kitsu": external_id})
            case _:
                raw = view(part(item.get("data")), INCLUDE, index)
                read = read_fields(raw, rules(index), AnimeFields, self._asked(ask), notes)
                return self._anime(ask, external_id, raw, read.values, read.errors)
        return said_of_anime(read, {"kitsu": external_id})

    def _anime(self, ask: Ask, external_id: str, raw: Raw, values: dict[str, Any], errors: Mapping[str, str]) -> Said:
        at = iso_instant(raw.get("nextRelease"))
        airing = ask.kind is Kind.AIRING and "nextRelease" in raw
        return Said(
            anime=AnimeFields(**values),
            next_air_at=at,
            speaks_for=stated(values) | ({NEXT_AIR} if airing else set()),
            errors=errors,
            external_ids=values.get("external_ids") or {"kitsu": external_id},
        )

    def _episodes(self, external_id: str, item: Raw, now: datetime) -> Said:
        errors: dict[str, str] = {}
        found = read_rows(EPISODES, items(item.get("data")), episode, errors)
        found.sort(key=lambda entry: entry.episode_number)
        aired = [entry.episode_number for entry in found if entry.aired is not None and entry.aired <= now]
        return Said(
            episodes=found,
            latest_aired=max(aired, default=None),
            speaks_for=frozenset({EPISODES, LATEST_AIRED} if aired else {EPISODES}),
            errors=errors,
            external_ids={"kitsu": external_id},
        )

    def id_calls(self, platform: str, ids: tuple[str, ...]) -> list[Call]:
        """Kitsu's mappings lead from ids of other sites to its own, and from its own to theirs."""
        batches = [ids[start : start + PAGE_SIZE] for start in range(0, len(ids), PAGE_SIZE)]
        limit = ("page[limit]", str(PAGE_SIZE))
        if platform == self.platform:
            return [Call("/anime", b, (("filter[id]", ",".join(b)), limit, ("include", "mappings"))) for b in batches]
        site = SITE_OF.get(platform)
        if site is None:
            return []
        return [
            Call(
                "/mappings",
                b,
                (("filter[externalSite]", site), ("filter[externalId]", ",".join(b)), ("include", "item"), limit),
            )
            for b in batches
        ]

    def id_page(self, platform: str, call: Call, reply: Reply) -> Mapping[str, Mapping[str, str]]:
        """Ids by the id that was asked with."""
        if platform == self.platform:
            index = index_of(reply.data.get("included"))
            notes = Notes(self.name)
            rows = (view(resource, ("mappings",), index) for resource in items(reply.data.get("data")))
            read = (read_fields(row, FIELDS, AnimeFields, frozenset({"external_ids"}), notes).values for row in rows)
            found = [values["external_ids"] for values in read if "external_ids" in values]
            return {ids["kitsu"]: ids for ids in found if ids.get("kitsu") in call.ids}
        by_id: dict[str, Mapping[str, str]] = {}
        for mapping in items(reply.data.get("data")):
            attributes = part(mapping.get("attributes"))
            target = part(part(part(mapping.get("relationships")).get("item")).get("data"))
            external_id = words(attributes.get("externalId"))
            known = SITES.get(str(attributes.get("externalSite"))) == platform
            if known and external_id in call.ids and target.get("type") == "anime":
                by_id[str(external_id)] = {platform: str(external_id), "kitsu": str(target.get("id"))}
        return by_id


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _character(notes: Notes) -> Any:
    def read(resource: Raw) -> dict[str, Any]:
        return read_fields(view(resource, (), {}), CHARACTER, CharacterFields, None, notes).values

    return read
