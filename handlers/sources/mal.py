"""MyAnimeList API v2: REST with a client id. The platform is `mal`, the same as Jikan's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.errors import EchoraError, Outage
from contracts.model.anime import AnimeFields
from contracts.observation import Kind
from handlers.sources import faults
from handlers.sources.mappings.mal_anime import ANIME
from handlers.sources.notes import Notes
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import gives, raw_names, read_fields
from handlers.sources.said import said_of_anime
from handlers.sources.values import part, words

# No limit is published, but abuse is answered with 403. The service wants a client id, so it is off until one is set.
POLICY: Final = SourcePolicy(
    base_url="https://api.myanimelist.net/v2", enabled=False, rate_per_s=1, rate_per_min=60, open_s=300.0
)
CLIENT_ID_HEADER: Final = "X-MAL-CLIENT-ID"


class Mal:
    """The adapter of the MyAnimeList API v2. The client id is a header, which the policy carries."""

    name = "mal"
    platform = "mal"
    policy = POLICY
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(ANIME), frozenset({Way.FULL, Way.SELECTIVE})),
            Kind.STATISTICS: Offer(frozenset({"statistics"}), frozenset({Way.FULL, Way.SELECTIVE})),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """One request per id, with the fields that are wanted: the service gives almost nothing by itself."""
        wanted = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        fields = ",".join(raw_names(ANIME, wanted))
        return [Call(f"/anime/{external_id}", (external_id,), (("fields", fields),)) for external_id in ask.ids]

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """The body is the item, if it is about what was asked for."""
        if str(reply.data["id"]) != call.ids[0]:
            raise ValueError(f"asked for {call.ids[0]}, the answer is about {reply.data['id']}")
        return Page({call.ids[0]: reply.data})

    def fault(self, reply: Reply) -> EchoraError | None:
        """Errors are {message, error}. 403 means that the service suspects abuse: it is shut to us for a while."""
        body = part(reply.data)
        if reply.status == 200 and "id" in body:
            return None
        detail = f"{words(body.get('message')) or 'no message'} ({words(body.get('error')) or 'no code'})"
        if reply.status == 403:
            return Outage(self.name, f"the service answered 403: {detail}")
        return faults.by_status(self.name, reply.status, detail)

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What a body means."""
        asked = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        read = read_fields(item, ANIME, AnimeFields, asked, notes)
        ids: Mapping[str, str] = {"mal": external_id}
        return said_of_anime(read, ids)
