"""The words of Jikan, which are those of MyAnimeList's pages."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from contracts.model.enums import AnimeStatus, AnimeType, CharacterRole, Rating, Relation, Season, SourceMaterial

STATUS: Final = MappingProxyType(
    {
        "Currently Airing": AnimeStatus.ONGOING,
        "Finished Airing": AnimeStatus.FINISHED,
        "Not yet aired": AnimeStatus.UPCOMING,
    }
)
TYPE: Final = MappingProxyType(
    {
        "TV": AnimeType.TV,
        "TV Special": AnimeType.TV_SPECIAL,
        "Movie": AnimeType.MOVIE,
        "OVA": AnimeType.OVA,
        "ONA": AnimeType.ONA,
        "Special": AnimeType.SPECIAL,
        "Music": AnimeType.MUSIC,
        "PV": AnimeType.PV,
        "CM": AnimeType.CM,
    }
)
RATING: Final = MappingProxyType(
    {
        "G": Rating.G,
        "PG": Rating.PG,
        "PG-13": Rating.PG13,
        "R": Rating.R,
        "R+": Rating.RPLUS,
        "Rx": Rating.RX,
    }
)
SEASON: Final = MappingProxyType({season.value.lower(): season for season in Season})
SOURCE: Final = MappingProxyType(
    {
        "Manga": SourceMaterial.MANGA,
        "Light novel": SourceMaterial.LIGHT_NOVEL,
        "Visual novel": SourceMaterial.VISUAL_NOVEL,
        "Web manga": SourceMaterial.WEB_MANGA,
        "4-koma manga": SourceMaterial.KOMA_4,
        "Novel": SourceMaterial.NOVEL,
        "Web novel": SourceMaterial.WEB_NOVEL,
        "Game": SourceMaterial.GAME,
        "Card game": SourceMaterial.CARD_GAME,
        "Original": SourceMaterial.ORIGINAL,
        "Mixed media": SourceMaterial.MIXED_MEDIA,
        "Music": SourceMaterial.MUSIC,
        "Radio": SourceMaterial.RADIO,
        "Book": SourceMaterial.BOOK,
        "Picture book": SourceMaterial.PICTURE_BOOK,
        "Other": SourceMaterial.OTHER,
        "Unknown": SourceMaterial.UNKNOWN,
    }
)
RELATION: Final = MappingProxyType({relation.value.lower().replace("_", " "): relation for relation in Relation})
ROLE: Final = MappingProxyType({"Main": CharacterRole.MAIN, "Supporting": CharacterRole.SUPPORTING})

# Fields of the bodies that no rule reads, with the reason; a test fails on a field that is neither here nor read.
NOT_USED: Final = MappingProxyType(
    {
        "approved": "whether a moderator has seen the entry says nothing of the anime",
        "airing": "the status says it",
        "trailer.youtube_id": "part of the trailer's url",
        "trailer.images": "one thumbnail is enough",
        "images.webp": "the same pictures as jpg",
        "images.jpg.small_image_url": "a smaller copy",
        "aired.to": "the printed dates are read from prop",
        "aired.from": "the printed dates are read from prop",
        "titles[].type": "the kinds are told by title, title_english and title_japanese",
        "producers[].type": "always anime",
        "licensors[].type": "always anime",
        "studios[].type": "always anime",
        "genres[].type": "always anime",
        "genres[].mal_id": "genres are kept by name",
        "genres[].url": "genres are kept by name",
        "themes[].type": "always anime",
        "themes[].mal_id": "themes are kept by name",
        "themes[].url": "themes are kept by name",
        "demographics[].type": "always anime",
        "demographics[].mal_id": "demographics are kept by name",
        "demographics[].url": "demographics are kept by name",
        "explicit_genres[].type": "always anime",
        "explicit_genres[].mal_id": "genres are kept by name",
        "explicit_genres[].url": "genres are kept by name",
        "broadcast.string": "day and time are read apart",
        "data[].forum_url": "a discussion, not a description",
        "images.webp.small_image_url": "a smaller copy",
    }
)
