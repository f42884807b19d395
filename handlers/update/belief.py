"""Whom to believe for which field when sources disagree. Pure: tables, and how to read them.

The sources of a value are a label: one name, or several joined by "+", sorted, where each gave a part. The label is
what the record keeps with the value, so that the decision can be made again, and a person can ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PLATFORM_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"jikan": "mal", "mal": "mal", "anilist": "anilist", "kitsu": "kitsu"}
)
# Two doors to one catalogue: its own interface before the copy of its pages, which is a day old at times and rounds.
DOORS: Final[Mapping[str, int]] = MappingProxyType({"mal": 0, "jikan": 1})
# A value that a person decided gives way to no source, but for a status that goes forward.
PERSON: Final = "person"
_JOIN: Final = "+"

_DEFAULT: Final = ("mal", "anilist", "kitsu")
ORDER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        # AniList alone knows cancellations, and shows an end first; Kitsu derives its status from dates.
        "status": ("anilist", "mal", "kitsu"),
        # AniList keeps tags as such, Kitsu's categories are broader; MyAnimeList has none.
        "tags": ("anilist", "kitsu"),
        # MyAnimeList calls gray what the others call harmless.
        "nsfw": ("anilist", "kitsu", "mal"),
        # AniList states air times to the second and corrects them first.
        "broadcast.next_episode_at": ("anilist", "kitsu"),
    }
)
"""Field to platforms, most believed first; for any other field MyAnimeList, whose editors review what is entered."""

NOT_HEARD: Final = frozenset({("kitsu", "season"), ("kitsu", "year")})
"""Source and field that do not count: Kitsu has no seasons, its adapter reads them off the start date, also for films
that belong to none."""

_UNLISTED: Final = 100
_NOT_A_SOURCE: Final = 1_000

# What a decision was made by, as it is kept with the value.
FIRST_WORD: Final = "nothing was known"
OWN_WORD: Final = "the source changed its own word"
MOST_BELIEVED: Final = "most believed"
FINER_WORD: Final = "the finer word"
FORWARD: Final = "status goes forward, two platforms say so"
OWN_LIST: Final = "the source's own list"
ADDED: Final = "only adds to what others listed"
OWN_FIGURES: Final = "the platform's own figures"
NEW_ID: Final = "an id that was missing"
OWN_PAGE: Final = "the source's own page"
TAKEN_BACK: Final = "the source takes back what waited for a person"
PARTS: Final = "each part by whom it is believed of"


def label_of(sources: frozenset[str]) -> str:
    """The label of some sources."""
    return _JOIN.join(sorted(sources))


def sources_of(label: str) -> frozenset[str]:
    """The sources of a label."""
    return frozenset(label.split(_JOIN)) if label else frozenset()


def platform_of(source: str) -> str:
    """The platform of a source; one that is not in the table is its own."""
    return PLATFORM_OF.get(source, source)


def rank(field: str, platform: str) -> int:
    """How much a platform that speaks is believed of a field; 0 is most."""
    order = ORDER.get(field, _DEFAULT)
    return order.index(platform) if platform in order else _UNLISTED


def trust(field: str, source: str, platform: str) -> tuple[int, int]:
    """How much a source that speaks is believed of one value: by its platform, then by the door; less is more."""
    return rank(field, platform), DOORS.get(source, 0)


def held_trust(field: str, label: str) -> tuple[int, int]:
    """How much the holders of one value are believed."""
    return min(
        ((_held_rank(field, source), DOORS.get(source, 0)) for source in sources_of(label)), default=(_NOT_A_SOURCE, 0)
    )


def held_rank(field: str, label: str) -> int:
    """How much the holders' platforms are believed. Whoever is no known source, as an import, gives way to all."""
    return min((_held_rank(field, source) for source in sources_of(label)), default=_NOT_A_SOURCE)


def _held_rank(field: str, source: str) -> int:
    if source == PERSON:
        return -1
    return rank(field, PLATFORM_OF[source]) if source in PLATFORM_OF else _NOT_A_SOURCE
