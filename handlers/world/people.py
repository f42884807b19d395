"""Ids for what records name without one: people, firms, genres, songs and works outside the catalogue."""

from __future__ import annotations

import re

from contracts.model.anime_parts import CompanyRef, RelatedWork, StaffMember
from contracts.model.character import VoiceActor
from handlers.world.changes import EntityType, Source
from handlers.world.titles import derived_number, external_number
from handlers.world.world import Showing

_UNSAFE = re.compile(r"[^\w]+")


def site(source: Source) -> str:
    """The name under which records keep ids of this service: Jikan's are MyAnimeList's."""
    return "mal" if source is Source.JIKAN else source.value


def voice_number(actor: VoiceActor) -> int:
    """The id of a voice actor, derived from the name where the record gives none."""
    given = actor.id or ""
    return int(given) if given.isascii() and given.isdigit() else derived_number("person", actor.name)


def staff_number(member: StaffMember, source: Source) -> int:
    """The id of a member of the staff."""
    return external_number(member.external_ids, site(source)) or derived_number("person", member.name)


def firm_number(firm: CompanyRef, source: Source) -> int:
    """The id of a studio, producer or licensor."""
    return external_number(firm.external_ids, site(source)) or derived_number("firm", firm.name)


def label_number(kind: str, name: str) -> int:
    """The id of a genre, tag or category."""
    return derived_number(kind, name.casefold())


def work_number(work: RelatedWork, showing: Showing, *, anime: bool) -> int:
    """The id of a related work: its own, else that of the same title in the world, else a derived one."""
    own = external_number(work.external_ids, site(showing.source))
    mal = external_number(work.external_ids, "mal")
    if own is None and anime and mal is not None:
        inside = showing.world.history.by_id.get((Source.MAL, EntityType.ANIME, mal))
        title = None if inside is None else showing.world.history.titles.get(inside)
        own = None if title is None else title.ids.get(showing.source)
    return own or derived_number("work", site(showing.source), mal or work.title)


def slug(name: str, joint: str = "_") -> str:
    """A name as it stands in a page's address."""
    return _UNSAFE.sub(joint, name).strip(joint) or "untitled"
