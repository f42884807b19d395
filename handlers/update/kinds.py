"""What kind of value each field holds, which decides how it is compared and how a new one is put together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """The kinds of fields."""

    TEXT = "text"
    WORD = "word"
    NUMBER = "number"
    LIST = "list"
    PAGES = "pages"
    PARTS = "parts"
    OVERLAY = "overlay"
    PRESENCE = "presence"
    OURS = "ours"


def _all(kind: Kind, *names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, kind)


ANIME: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **_all(Kind.TEXT, "title", "title_english", "title_japanese", "month", "country_of_origin"),
        **_all(Kind.TEXT, "synopsis", "background"),
        **_all(Kind.WORD, "type", "status", "season", "rating", "source_material"),
        **_all(Kind.NUMBER, "year", "nsfw", "episode_count", "duration"),
        **_all(Kind.LIST, "synonyms", "genres", "tags", "themes", "demographics", "content_warnings"),
        **_all(Kind.LIST, "staff_data", "studios", "producers", "licensors"),
        **_all(Kind.LIST, "related_anime", "related_source_material", "streaming_sources", "external_sources"),
        **_all(Kind.LIST, "trailers", "images", "opening_themes", "ending_themes"),
        # Every source names its own page and no other's.
        **_all(Kind.PAGES, "sources"),
        # Objects of which one source states one part and another source another.
        **_all(Kind.PARTS, "aired_dates", "broadcast"),
        # Maps by platform; every source states its own key.
        **_all(Kind.OVERLAY, "statistics", "external_ids"),
        # All that a source says of a break is that there is one.
        **_all(Kind.PRESENCE, "hiatus"),
        # Computed or kept by us: no source states it.
        **_all(Kind.OURS, "score"),
    }
)

CHARACTER: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **_all(Kind.TEXT, "name", "name_native", "description"),
        **_all(Kind.NUMBER, "favorites"),
        **_all(Kind.LIST, "name_variations", "nicknames", "animeography", "mangaography", "traits"),
        **_all(Kind.LIST, "attributes", "spoilers", "images", "voice_actors"),
        **_all(Kind.PAGES, "sources"),
        **_all(Kind.OVERLAY, "external_ids"),
        **_all(Kind.OURS, "roles", "anime_ids"),
    }
)

# A statement that there is none counts for these; for every other field it changes nothing: a title cannot be taken
# away, 12 episodes do not become an unknown number of them, and a platform's figures stay as they were last seen.
MAY_BE_NONE: Final = frozenset(
    {
        *("title_english", "title_japanese", "synopsis", "background", "name_native", "description"),
        *(name for table in (ANIME, CHARACTER) for name, kind in table.items() if kind in (Kind.LIST, Kind.PRESENCE)),
    }
)
