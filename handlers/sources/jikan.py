"""Jikan v4: REST over MyAnimeList. Its figures are MyAnimeList's, so its platform is `mal`."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.errors import EchoraError
from contracts.model.anime import AnimeFields
from contracts.model.character import CharacterFields
from contracts.observation import CHARACTERS, EPISODES, LATEST_AIRED, Kind
from handlers.sources import faults
from handlers.sources.mappings.jikan_anime import ANIME
from handlers.sources.mappings.jikan_people import CHARACTER, STAFF, cast_member, episode
from handlers.sources.notes import Notes
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import gives, read_fields, read_rows
from handlers.sources.said import said_of_anime, said_of_character
from handlers.sources.values import items, part, words

# Kinds whose answer is the one thing asked for, and kinds whose answer is a list.
_ALONE: Final = frozenset({Kind.ANIME, Kind.STATISTICS, Kind.CHARACTER})
_LISTED: Final = frozenset({Kind.EPISODES, Kind.CHARACTERS, Kind.STAFF})
_FULL_ONLY: Final = frozenset({"relations", "theme", "external", "streaming"})


# The public Jikan was switched off; this is its drop-in. Three a second and sixty a minute are allowed, but 429s have
# been seen well below that, so we ask less.
POLICY: Final = SourcePolicy(base_url="https://api.tenrai.org/v1", rate_per_s=2, rate_per_min=50)


class Jikan:
    """The adapter of Jikan v4."""

    name = "jikan"
    platform = "mal"
    policy = POLICY
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(ANIME), frozenset({Way.FULL, Way.SELECTIVE})),
            Kind.STATISTICS: Offer(frozenset({"statistics"})),
            Kind.EPISODES: Offer(frozenset({EPISODES, LATEST_AIRED}), pages_mean=1.1, pages_max=20),
            Kind.EPISODE: Offer(frozenset({EPISODES})),
            Kind.CHARACTERS: Offer(frozenset({CHARACTERS})),
            Kind.STAFF: Offer(frozenset({"staff_data"})),
            Kind.CHARACTER: Offer(gives(CHARACTER)),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """One request per id; /full only when something is wanted that the short body lacks."""
        return [Call(path=self._path(ask, external_id), ids=(external_id,)) for external_id in ask.ids]

    def _path(self, ask: Ask, external_id: str) -> str:
        if ask.kind is Kind.CHARACTER:
            return f"/characters/{external_id}/full"
        if ask.kind is Kind.EPISODE:
            anime, _, number = external_id.partition(":")
            return f"/anime/{anime}/episodes/{number}"
        if ask.kind in (Kind.EPISODES, Kind.CHARACTERS, Kind.STAFF):
            return f"/anime/{external_id}/{ask.kind.value}"
        wanted = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        extra = {name for rule in ANIME if wanted is None or rule.field in wanted for name in rule.reads}
        return f"/anime/{external_id}/full" if extra & _FULL_ONLY else f"/anime/{external_id}"

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """One item per call. has_next_page has been true on the last page, so last_visible_page decides."""
        data = reply.data["data"]
        if ask.kind in _ALONE and (not isinstance(data, dict) or str(data.get("mal_id")) != call.ids[0]):
            raise ValueError(f"asked for {call.ids[0]}, the answer is about something else")
        if ask.kind in _LISTED and not isinstance(data, list):
            raise ValueError("the list is missing")
        item: Raw = data if isinstance(data, dict) else {"data": data}
        last = part(reply.data.get("pagination")).get("last_visible_page")
        more: tuple[Call, ...] = ()
        if isinstance(last, int) and call.page < last:
            following = call.page + 1
            more = (Call(call.path, call.ids, (("page", str(following)),), page=following),)
        return Page(items={call.ids[0]: item}, more=more)

    def fault(self, reply: Reply) -> EchoraError | None:
        """The HTTP status decides; the body's own status differs at times. A 200 without data is an error body."""
        body = part(reply.data)
        message = words(body.get("message")) or "no message"
        detail = f"{message} ({body.get('type')})" if body.get("type") else message
        if reply.status == 200 and "data" in body:
            return None
        own = body.get("status")
        return faults.by_status(
            self.name, own if reply.status == 200 and isinstance(own, int) else reply.status, detail
        )

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What a body means, by kind."""
        match ask.kind:
            case Kind.EPISODES | Kind.EPISODE:
                return self._episodes(ask, external_id, item, now)
            case Kind.CHARACTERS:
                errors: dict[str, str] = {}
                cast = read_rows(CHARACTERS, items(item.get("data")), lambda row: cast_member(row, notes), errors)
                return Said(
                    characters=cast,
                    speaks_for=frozenset({CHARACTERS}),
                    errors=errors,
                    external_ids={"mal": external_id},
                )
            case Kind.STAFF:
                read = read_fields({"data": item.get("data")}, STAFF, AnimeFields, None, notes)
                return said_of_anime(read, {"mal": external_id})
            case Kind.CHARACTER:
                read = read_fields(item, CHARACTER, CharacterFields, ask.fields, notes)
                return said_of_character(read, {"mal": external_id})
        asked = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        read = read_fields(item, ANIME, AnimeFields, asked, notes)
        return said_of_anime(read, {"mal": external_id})

    def _episodes(self, ask: Ask, external_id: str, item: Raw, now: datetime) -> Said:
        rows = items(item.get("data")) if ask.kind is Kind.EPISODES else [item]
        errors: dict[str, str] = {}
        found = sorted(read_rows(EPISODES, rows, episode, errors), key=lambda entry: entry.episode_number)
        aired = [entry.episode_number for entry in found if entry.aired is not None and entry.aired <= now]
        latest = max(aired, default=None) if ask.kind is Kind.EPISODES else None
        return Said(
            episodes=found,
            latest_aired=latest,
            speaks_for=frozenset({EPISODES} if latest is None else {EPISODES, LATEST_AIRED}),
            errors=errors,
            external_ids={"mal": external_id.partition(":")[0]},
        )
