"""Which source a change has to show on to be believed.

Written down here a second time on purpose, from the specification: a judge that read the program's own table would
find every mistake in it right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from handlers.verdict.truth import EPISODES, TrueChange

PLATFORM: Final = {"mal": "mal", "jikan": "mal", "anilist": "anilist", "kitsu": "kitsu"}
_DEFAULT: Final = ("mal", "jikan", "anilist", "kitsu")
# MyAnimeList's own interface knows no characters.
_CHARACTERS: Final = ("jikan", "anilist", "kitsu")
_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("anilist", "mal", "jikan", "kitsu"),
    "tags": ("anilist", "kitsu"),
    "hiatus": ("anilist",),
    "next_airing": ("anilist", "kitsu"),
}
# One source is enough to confirm an episode, and these two are asked.
CONFIRMING: Final = ("anilist", "jikan")


def seen_by(change: TrueChange, platforms: frozenset[str], asked: frozenset[str]) -> str | None:
    """The source whose word counts for this change; None when that source never shows it, or there is none.

    `platforms` are those on which the entity has an id, `asked` the sources that are switched on.
    """
    able = [one for one in order(change) if one in asked and PLATFORM[one] in platforms]
    if change.field == EPISODES:
        return min((one for one in able if one in change.visible), key=lambda one: change.visible[one], default=None)
    return able[0] if able and able[0] in change.visible else None


def order(change: TrueChange) -> tuple[str, ...]:
    """The sources that are believed of the field, most believed first."""
    if change.field == EPISODES or change.kind == "premiere":
        return CONFIRMING
    if change.entity_type == "character":
        return _CHARACTERS
    return _ORDER.get(change.field, _DEFAULT)


def first_visible(change: TrueChange) -> datetime | None:
    """When the first source of all shows it."""
    return min(change.visible.values(), default=None)
