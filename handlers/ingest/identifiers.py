"""Which source and id a page's address names. Rules read off the sites' own addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

# A pattern is matched right after the host; its group is the id. Kitsu's slugs are left out: its ids are numbers.
_ANIME: Final[Mapping[str, tuple[str, str]]] = {
    "myanimelist.net": ("mal", r"/anime/(\d+)"),
    "anilist.co": ("anilist", r"/anime/(\d+)"),
    "kitsu.app": ("kitsu", r"/(?:api/edge/)?anime/(\d+)"),
    "kitsu.io": ("kitsu", r"/(?:api/edge/)?anime/(\d+)"),
    "anidb.net": ("anidb", r"/(?:anime/|a(?=\d)|perl-bin/animedb\.pl\?(?:.*&)?aid=)(\d+)"),
    "anime-planet.com": ("animeplanet", r"/anime/([\w-]+)"),
    "animeschedule.net": ("animeschedule", r"/anime/([\w-]+)"),
    "anisearch.com": ("anisearch", r"/anime/(\d+)"),
    "livechart.me": ("livechart", r"/anime/(\d+)"),
    "notify.moe": ("notify", r"/anime/([\w-]+)"),
    "simkl.com": ("simkl", r"/anime/(\d+)"),
    "animecountdown.com": ("animecountdown", r"/(\d+)"),
    "animenewsnetwork.com": ("ann", r"/encyclopedia/anime\.php\?id=(\d+)"),
}
_MANGA: Final[Mapping[str, tuple[str, str]]] = {
    "myanimelist.net": ("mal", r"/manga/(\d+)"),
    "anilist.co": ("anilist", r"/manga/(\d+)"),
    "kitsu.app": ("kitsu", r"/(?:api/edge/)?manga/(\d+)"),
    "kitsu.io": ("kitsu", r"/(?:api/edge/)?manga/(\d+)"),
    "anisearch.com": ("anisearch", r"/manga/(\d+)"),
}
_CHARACTER: Final[Mapping[str, tuple[str, str]]] = {
    "myanimelist.net": ("mal", r"/character/(\d+)"),
    "anilist.co": ("anilist", r"/character/(\d+)"),
    "kitsu.app": ("kitsu", r"/(?:api/edge/)?characters/(\d+)"),
    "kitsu.io": ("kitsu", r"/(?:api/edge/)?characters/(\d+)"),
    "anidb.net": ("anidb", r"/character/(\d+)"),
    "anisearch.com": ("anisearch", r"/character/(\d+)"),
}
_COMPANY: Final[Mapping[str, tuple[str, str]]] = {
    "myanimelist.net": ("mal", r"/anime/producer/(\d+)"),
    "anilist.co": ("anilist", r"/studio/(\d+)"),
}
_PLATFORMS: Final[Mapping[str, str]] = {
    "myanimelist": "mal",
    "jikan": "mal",
    "anime-planet": "animeplanet",
    "anime_planet": "animeplanet",
    "notify.moe": "notify",
    "animenewsnetwork": "ann",
}
_ADDRESS = re.compile(r"https?://(?:www\.)?([^/\s]+)(/.*)", re.IGNORECASE)
_NO_ID: Final = frozenset({"", "0"})


def platform(name: str) -> str:
    """The name under which a source is kept, e.g. myanimelist → mal."""
    return _PLATFORMS.get(name.casefold(), name)


def anime_ids(urls: Any) -> dict[str, str]:
    """The ids that pages of an anime name; of two pages on one source the first counts."""
    return _ids(_ANIME, urls)


def manga_ids(urls: Any) -> dict[str, str]:
    """The ids that pages of a manga or novel name."""
    return _ids(_MANGA, urls)


def character_ids(urls: Any) -> dict[str, str]:
    """The ids that pages of a character name."""
    return _ids(_CHARACTER, urls)


def company_ids(urls: Any) -> dict[str, str]:
    """The ids that pages of a studio or producer name."""
    return _ids(_COMPANY, urls)


def stated_ids(value: Any) -> Any:
    """Ids as a record states them: numbers become text, and 0 or nothing is what exporters write for no id."""
    if not isinstance(value, dict):
        return value
    stated = {platform(name): _text(one) for name, one in value.items()}
    return {name: one for name, one in stated.items() if one is not None and one not in _NO_ID}


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ids(table: Mapping[str, tuple[str, str]], urls: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for url in urls if isinstance(urls, Iterable) and not isinstance(urls, str) else ():
        address = _ADDRESS.match(url) if isinstance(url, str) else None
        source, pattern = table.get(address[1].lower(), ("", "")) if address else ("", "")
        match = re.match(pattern, address[2]) if address and pattern else None
        if match and match[1] not in _NO_ID:
            found.setdefault(source, match[1])
    return found
