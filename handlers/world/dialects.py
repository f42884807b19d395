"""The table of dialects."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.world.anilist import AniList
from handlers.world.asking import Dialect
from handlers.world.changes import Source
from handlers.world.jikan import Jikan
from handlers.world.kitsu import Kitsu
from handlers.world.mal import Mal


def dialects() -> Mapping[Source, Dialect]:
    """One of each, by source."""
    spoken: tuple[Dialect, ...] = (Jikan(), AniList(), Kitsu(), Mal())
    return {dialect.source: dialect for dialect in spoken}
