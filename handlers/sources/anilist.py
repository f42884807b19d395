"""AniList: GraphQL, one POST endpoint, fifty anime per request. The platform is `anilist`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from contracts.errors import EchoraError, Outage, Transient
from contracts.model.anime import AnimeFields
from contracts.model.character import CharacterFields
from contracts.model.enums import AnimeStatus
from contracts.observation import CHARACTERS, EPISODES, LATEST_AIRED, NEXT_AIR, Kind, ObservedEpisode
from handlers.sources import faults
from handlers.sources.anilist_queries import (
    CHANGED_QUERY,
    CHARACTERS_QUERY,
    PAGE_SIZE,
    PAGED,
    SELECT,
    WINDOW_QUERY,
    ids_query,
    media_query,
)
from handlers.sources.dates import unix_instant
from handlers.sources.mappings.anilist_anime import ANIME, ids_of
from handlers.sources.mappings.anilist_people import CHARACTER, STAFF, cast_member, episode
from handlers.sources.notes import Notes
from handlers.sources.policy import HOUR_S, SourcePolicy
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import gives, raw_names, read_fields, read_rows, stated
from handlers.sources.said import said_of_character
from handlers.sources.values import items, part, words

_SLOT: Final = frozenset({"broadcast", "status", "hiatus", "episode_count"})


_KIND_NAMES: Final = MappingProxyType(
    {
        Kind.AIRING: ("status", "episodes", "nextAiringEpisode"),
        Kind.EPISODES: ("airingSchedule",),
        Kind.CHARACTERS: ("characters",),
        Kind.STAFF: ("staff",),
    }
)


# Ninety a minute is the nominal limit and thirty the one in force, with a burst limit besides: we stay below both.
# The service's terms forbid hoarding, so raw bodies are kept for an hour and no longer.
POLICY: Final = SourcePolicy(
    base_url="https://graphql.anilist.co",
    rate_per_s=1,
    rate_per_min=28,
    throttle_default_s=60.0,
    raw_retention_s=HOUR_S,
)


class AniList:
    """The adapter of AniList."""

    name = "anilist"
    platform = "anilist"
    policy = POLICY
    knows = frozenset({"mal", "anilist"})
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(ANIME), frozenset(Way), batch=PAGE_SIZE, pages_max=40),
            Kind.STATISTICS: Offer(frozenset({"statistics"}), frozenset({Way.FULL, Way.BATCHED}), batch=PAGE_SIZE),
            Kind.AIRING: Offer(
                _SLOT | {NEXT_AIR, LATEST_AIRED},
                frozenset({Way.FULL, Way.BATCHED, Way.DIFFERENTIAL}),
                batch=PAGE_SIZE,
                pages_max=40,
            ),
            Kind.EPISODES: Offer(
                frozenset({EPISODES, LATEST_AIRED}),
                frozenset({Way.FULL, Way.BATCHED}),
                batch=PAGE_SIZE,
                pages_mean=2.0,
                pages_max=60,
            ),
            Kind.CHARACTERS: Offer(
                frozenset({CHARACTERS}), frozenset({Way.FULL, Way.BATCHED}), batch=10, pages_mean=2.0, pages_max=40
            ),
            Kind.STAFF: Offer(
                frozenset({"staff_data"}), frozenset({Way.FULL, Way.BATCHED}), batch=25, pages_mean=2.0, pages_max=20
            ),
            Kind.CHARACTER: Offer(gives(CHARACTER), frozenset({Way.FULL, Way.BATCHED}), batch=PAGE_SIZE),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """One POST per batch of ids; without ids, the changes or the air times since a time."""
        if not ask.ids and ask.since is not None:
            return [self._listing(ask, ask.since, 1)]
        size = self.capability[ask.kind].batch
        batches = [ask.ids[start : start + size] for start in range(0, len(ask.ids), size)]
        return [self._batch(ask, ids, 1) for ids in batches]

    def _names(self, ask: Ask) -> tuple[str, ...]:
        if ask.kind is Kind.STATISTICS:
            return raw_names(ANIME, frozenset({"statistics"}))
        return _KIND_NAMES.get(ask.kind) or raw_names(ANIME, ask.fields)

    def _batch(self, ask: Ask, ids: tuple[str, ...], page: int) -> Call:
        query = CHARACTERS_QUERY if ask.kind is Kind.CHARACTER else media_query(self._names(ask))
        variables: dict[str, Any] = {"ids": [int(external_id) for external_id in ids], "perPage": len(ids)}
        if "$page" in query:
            variables["page"] = page
        return Call("", ids, body={"query": query, "variables": variables}, page=page)

    def _listing(self, ask: Ask, since: datetime, page: int) -> Call:
        variables: dict[str, Any] = {"page": page, "perPage": PAGE_SIZE}
        if ask.kind is Kind.AIRING:
            variables |= {"after": int(since.timestamp())}
            variables |= {"before": int(ask.until.timestamp())} if ask.until else {}
            return Call("", body={"query": WINDOW_QUERY, "variables": variables}, page=page)
        names = dict.fromkeys(["id", "idMal", *self._names(ask)])
        fields = " ".join(SELECT.get(name, name) for name in names)
        return Call("", body={"query": CHANGED_QUERY.format(fields=fields), "variables": variables}, page=page)

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """Items by id. Batches follow their nested lists; listings follow hasNextPage only, as totals lie."""
        body = part(part(reply.data["data"]).get("Page"))
        if "airingSchedules" in body:
            return self._window_page(ask, call, body)
        rows = items(body.get("characters" if ask.kind is Kind.CHARACTER else "media"))
        errors = self._row_errors(reply.data, rows)
        if call.ids:
            found = {str(row["id"]): row for row in rows}
            unread = [external_id for external_id, row in found.items() if _has_more(row)]
            more = (self._batch(ask, tuple(unread), call.page + 1),) if unread else ()
            return Page(found, more, errors)
        since = ask.since.timestamp() if ask.since else 0
        recent = {str(row["id"]): row for row in rows if (row.get("updatedAt") or 0) >= since}
        following = bool(part(body.get("pageInfo")).get("hasNextPage")) and len(recent) == len(rows)
        return Page(recent, (self._listing(ask, ask.since, call.page + 1),) if following and ask.since else (), errors)

    def _window_page(self, ask: Ask, call: Call, body: Raw) -> Page:
        found: dict[str, dict[str, Any]] = {}
        for row in items(body.get("airingSchedules")):
            media = part(row.get("media"))
            item = found.setdefault(
                str(row["mediaId"]), {"id": row["mediaId"], "idMal": media.get("idMal"), "slots": []}
            )
            item["slots"].append({"episode": row.get("episode"), "airingAt": row.get("airingAt")})
        following = bool(part(body.get("pageInfo")).get("hasNextPage")) and ask.since is not None
        return Page(found, (self._listing(ask, ask.since, call.page + 1),) if following and ask.since else ())

    def _row_errors(self, data: Raw, rows: list[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
        # An error's path is [Page, media, INDEX, NAME, …]; one without a path leaves its null fields open anyway.
        found: dict[str, dict[str, str]] = {}
        for error in items(data.get("errors")):
            path = error.get("path")
            if isinstance(path, list) and len(path) > 3 and isinstance(path[2], int) and path[2] < len(rows):
                names = [rule.field for rule in (*ANIME, *STAFF) if path[3] in rule.reads] or [str(path[3])]
                reason = words(error.get("message")) or "the source gave an error without a message"
                found.setdefault(str(rows[path[2]].get("id")), {}).update(dict.fromkeys(names, reason))
        return found

    def fault(self, reply: Reply) -> EchoraError | None:
        """A reply with data is good even when parts of it carry errors; 403 means that the whole API is off."""
        data = part(reply.data).get("data")
        if reply.status == 200 and isinstance(data, dict) and isinstance(data.get("Page"), dict):
            return None
        errors = items(part(reply.data).get("errors"))
        first = errors[0] if errors else {}
        message = words(first.get("message")) or "no message"
        status = first.get("status") if reply.status == 200 else reply.status
        if status == 403:
            return Outage(self.name, f"the service answered 403: {message}")
        if not isinstance(status, int):
            return Transient(f"{self.name} answered {reply.status} without data: {message}")
        return faults.by_status(self.name, status, message)

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What an item means, by kind."""
        ids = ids_of(item)
        if ask.kind is Kind.AIRING and "slots" in item:
            return self._slots(item, ids, now)
        errors: dict[str, str] = {}
        match ask.kind:
            case Kind.EPISODES:
                schedule = part(item.get("airingSchedule"))
                rows = read_rows(EPISODES, items(schedule.get("nodes")), episode, errors)
                return _said_episodes(rows, ids, errors, now) if "nodes" in schedule else Said(external_ids=ids)
            case Kind.CHARACTERS:
                edges = part(item.get("characters")).get("edges")
                cast = read_rows(CHARACTERS, items(edges), lambda row: cast_member(row, notes), errors)
                speaks = frozenset({CHARACTERS}) if isinstance(edges, list) else frozenset[str]()
                return Said(characters=cast if speaks else None, speaks_for=speaks, errors=errors, external_ids=ids)
            case Kind.CHARACTER:
                read = read_fields(item, CHARACTER, CharacterFields, ask.fields, notes)
                return said_of_character(read, ids)
        return self._anime(ask, item, ids, notes)

    def _anime(self, ask: Ask, item: Raw, ids: Mapping[str, str], notes: Notes) -> Said:
        asked = {Kind.STATISTICS: frozenset({"statistics"}), Kind.AIRING: _SLOT}.get(ask.kind, ask.fields)
        rules = STAFF if ask.kind is Kind.STAFF else ANIME
        read = read_fields(item, rules, AnimeFields, asked, notes)
        speaks = stated(read.values)
        if item.get("status") and (asked is None or "hiatus" in asked) and "status" in speaks:
            speaks |= {"hiatus"}  # A status other than HIATUS states that there is no break.
        following = part(item.get("nextAiringEpisode"))
        number, at = following.get("episode"), unix_instant(following.get("airingAt"))
        latest: int | None = None
        if ask.kind is Kind.AIRING and "nextAiringEpisode" in item:
            speaks |= {NEXT_AIR}
            finished = read.values.get("status") is AnimeStatus.FINISHED
            latest = number - 1 if isinstance(number, int) and number > 0 else None
            latest = read.values.get("episode_count") if finished and latest is None else latest
            speaks |= {LATEST_AIRED} if latest is not None else set()
        return Said(
            anime=AnimeFields(**read.values),
            latest_aired=latest,
            next_episode=number if isinstance(number, int) and number > 0 else None,
            next_air_at=at,
            speaks_for=speaks,
            errors=read.errors,
            external_ids=ids,
        )

    def _slots(self, item: Raw, ids: Mapping[str, str], now: datetime) -> Said:
        errors: dict[str, str] = {}
        rows = read_rows(EPISODES, items(item.get("slots")), episode, errors)
        coming = [row for row in rows if row.aired is not None and row.aired > now]
        said = _said_episodes(rows, ids, errors, now)
        following = min(coming, key=lambda row: (row.aired, row.episode_number), default=None)
        # A window shows only its own air times: what it lacks is not stated to be none.
        return Said(
            episodes=said.episodes,
            latest_aired=said.latest_aired,
            next_episode=following.episode_number if following else None,
            next_air_at=following.aired if following else None,
            speaks_for=said.speaks_for | ({NEXT_AIR} if following else set()),
            errors=errors,
            external_ids=ids,
        )

    def id_calls(self, platform: str, ids: tuple[str, ...]) -> list[Call]:
        """AniList knows its own ids and MyAnimeList's."""
        if platform not in ("mal", "anilist"):
            return []
        name = "idMal_in" if platform == "mal" else "id_in"
        query = ids_query(name)
        batches = [ids[start : start + PAGE_SIZE] for start in range(0, len(ids), PAGE_SIZE)]
        return [Call("", b, body={"query": query, "variables": {"ids": [int(i) for i in b]}}) for b in batches]

    def id_page(self, platform: str, call: Call, reply: Reply) -> Mapping[str, Mapping[str, str]]:
        """Ids by the id that was asked with."""
        rows = [ids_of(row) for row in items(part(part(reply.data["data"]).get("Page")).get("media"))]
        return {row[platform]: row for row in rows if row.get(platform) in call.ids}


def _has_more(row: Raw) -> bool:
    return any(part(part(row.get(name)).get("pageInfo")).get("hasNextPage") for name in PAGED)


def _said_episodes(rows: list[ObservedEpisode], ids: Mapping[str, str], errors: dict[str, str], now: datetime) -> Said:
    found = sorted(rows, key=lambda row: row.episode_number)
    latest = max((row.episode_number for row in found if row.aired is not None and row.aired <= now), default=None)
    return Said(
        episodes=found,
        latest_aired=latest,
        speaks_for=frozenset({EPISODES} if latest is None else {EPISODES, LATEST_AIRED}),
        errors=errors,
        external_ids=ids,
    )
