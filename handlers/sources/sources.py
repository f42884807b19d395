"""The table of sources. A source is one file that holds its adapter and policy, and one line here."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from handlers.sources.anilist import AniList
from handlers.sources.jikan import Jikan
from handlers.sources.kitsu import Kitsu
from handlers.sources.mal import Mal
from handlers.sources.port import SourceAdapter

_ADAPTERS: Final[tuple[SourceAdapter, ...]] = (
    Jikan(),
    AniList(),
    Kitsu(),
    Mal(),
)

SOURCES: Final = MappingProxyType({adapter.name: adapter for adapter in _ADAPTERS})
