"""The words of Kitsu."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, SourceMaterial

STATUS: Final = MappingProxyType(
    {
        "current": AnimeStatus.ONGOING,
        "finished": AnimeStatus.FINISHED,
        "upcoming": AnimeStatus.UPCOMING,
        "tba": AnimeStatus.UPCOMING,
        "unreleased": AnimeStatus.UPCOMING,
    }
)
TYPE: Final = MappingProxyType(
    {
        "TV": AnimeType.TV,
        "movie": AnimeType.MOVIE,
        "OVA": AnimeType.OVA,
        "ONA": AnimeType.ONA,
        "special": AnimeType.SPECIAL,
        "music": AnimeType.MUSIC,
    }
)
RATING: Final = MappingProxyType({"G": Rating.G, "PG": Rating.PG, "R": Rating.R, "R18": Rating.RX})
RELATION: Final = MappingProxyType(
    {relation.value.lower(): relation for relation in Relation} | {"spinoff": Relation.SPIN_OFF}
)
MATERIAL: Final = MappingProxyType(
    {
        "manga": SourceMaterial.MANGA,
        "novel": SourceMaterial.NOVEL,
        "oneshot": SourceMaterial.ONE_SHOT,
        "doujin": SourceMaterial.DOUJINSHI,
        "manhwa": SourceMaterial.MANHWA,
        "manhua": SourceMaterial.MANHUA,
    }
)
# Sites of Kitsu's mappings that we keep ids of, and the platform each stands for.
SITES: Final = MappingProxyType(
    {"myanimelist/anime": "mal", "anilist/anime": "anilist", "anilist": "anilist", "anidb": "anidb"}
)
SITE_OF: Final = MappingProxyType({"mal": "myanimelist/anime", "anilist": "anilist/anime"})

_OTHER_WORK = "of the other work only its name, id, format and page are kept"
NOT_USED: Final = MappingProxyType(
    {
        "data[].type": "always anime",
        "data[].links": "the address of the entry in the API",
        "data[].relationships": "addresses; what they lead to is read from included",
        "data[].attributes.createdAt": "when the entry was made, not the anime",
        "data[].attributes.updatedAt": "changes with every vote",
        "data[].attributes.coverImageTopOffset": "layout of the site",
        "data[].attributes.ageRatingGuide": "free text beside ageRating",
        "data[].attributes.showType": "subtype says it",
        "data[].attributes.tba": "free text, mostly the status again",
        "data[].attributes.totalLength": "the product of count and length",
        "data[].attributes.posterImage.tiny": "a smaller copy",
        "data[].attributes.posterImage.small": "a smaller copy",
        "data[].attributes.posterImage.medium": "a smaller copy",
        "data[].attributes.posterImage.large": "a smaller copy",
        "data[].attributes.posterImage.tiny_webp": "a smaller copy",
        "data[].attributes.posterImage.small_webp": "a smaller copy",
        "data[].attributes.posterImage.medium_webp": "a smaller copy",
        "data[].attributes.posterImage.large_webp": "a smaller copy",
        "data[].attributes.posterImage.meta": "sizes of pictures",
        "data[].attributes.coverImage.tiny": "a smaller copy",
        "data[].attributes.coverImage.small": "a smaller copy",
        "data[].attributes.coverImage.large": "a smaller copy",
        "data[].attributes.coverImage.tiny_webp": "a smaller copy",
        "data[].attributes.coverImage.small_webp": "a smaller copy",
        "data[].attributes.coverImage.large_webp": "a smaller copy",
        "data[].attributes.coverImage.meta": "sizes of pictures",
        "included[].links": "the address of the entry in the API",
        "included[].relationships": "addresses, apart from the ones that lead to other included entries",
        "included[].attributes.createdAt": "when the entry was made",
        "included[].attributes.updatedAt": "when the entry was touched",
        "included[anime].attributes": _OTHER_WORK,
        "included[manga].attributes": _OTHER_WORK,
        "meta": "how many entries there are in all",
        "links": "addresses of other pages",
    }
)
