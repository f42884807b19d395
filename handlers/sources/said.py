"""From the fields that were read of an item to what it says: the endings that all adapters share. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.events import EntityType
from contracts.model.anime import AnimeFields
from contracts.model.character import CharacterFields
from handlers.sources.port import Said
from handlers.sources.rules import Read, stated


def said_of_anime(read: Read, ids: Mapping[str, str]) -> Said:
    """What was read of an anime, known at platforms by `ids`."""
    return Said(anime=AnimeFields(**read.values), speaks_for=stated(read.values), errors=read.errors, external_ids=ids)


def said_of_character(read: Read, ids: Mapping[str, str]) -> Said:
    """What was read of a character, known at platforms by `ids`."""
    return Said(
        entity=EntityType.CHARACTER,
        character=CharacterFields(**read.values),
        speaks_for=stated(read.values),
        errors=read.errors,
        external_ids=ids,
    )
