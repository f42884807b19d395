"""The words of the MyAnimeList API."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, Season, SourceMaterial

STATUS: Final = MappingProxyType(
    {
        "currently_airing": AnimeStatus.ONGOING,
        "finished_airing": AnimeStatus.FINISHED,
        "not_yet_aired": AnimeStatus.UPCOMING,
    }
)
TYPE: Final = MappingProxyType(
    {
        name: AnimeType(name.upper())
        for name in ("tv", "tv_special", "movie", "ova", "ona", "special", "music", "pv", "cm", "unknown")
    }
)
RATING: Final = MappingProxyType(
    {
        "g": Rating.G,
        "pg": Rating.PG,
        "pg_13": Rating.PG13,
        "r": Rating.R,
        "r+": Rating.RPLUS,
        "rx": Rating.RX,
    }
)
NSFW: Final = MappingProxyType({"white": False, "gray": True, "black": True})
SEASON: Final = MappingProxyType({season.value.lower(): season for season in Season})
# mixed_media and web_novel are not in the service's documentation, but it sends them.
SOURCE: Final = MappingProxyType(
    {"4_koma_manga": SourceMaterial.KOMA_4}
    | {
        name: SourceMaterial(name.upper())
        for name in [
            "other",
            "original",
            "manga",
            "web_manga",
            "novel",
            "light_novel",
            "visual_novel",
            "game",
            "card_game",
            "book",
            "picture_book",
            "radio",
            "music",
            "mixed_media",
            "web_novel",
        ]
    }
)
# spin_off and character are not in the service's documentation, but it sends them.
RELATION: Final = MappingProxyType({relation.value.lower(): relation for relation in Relation})

# The API gives genres, themes and demographics in one list, which the site and Jikan keep apart: what is in neither of
# these two is a theme.
GENRES: Final = frozenset(
    {
        "Action",
        "Adventure",
        "Avant Garde",
        "Award Winning",
        "Boys Love",
        "Comedy",
        "Drama",
        "Ecchi",
        "Erotica",
        "Fantasy",
        "Girls Love",
        "Gourmet",
        "Hentai",
        "Horror",
        "Mystery",
        "Romance",
        "Sci-Fi",
        "Slice of Life",
        "Sports",
        "Supernatural",
        "Suspense",
    }
)
DEMOGRAPHICS: Final = frozenset({"Josei", "Kids", "Seinen", "Shoujo", "Shounen"})

NOT_USED: Final = MappingProxyType(
    {
        "main_picture.medium": "a smaller copy",
        "pictures[].medium": "a smaller copy",
        "created_at": "when the entry was made, not the anime",
        "updated_at": "misses changes of pictures, so nothing may follow from it",
        "my_list_status": "one user's list",
        "recommendations": "taste of users, not a fact of the anime",
        "statistics": "how far users have watched; num_list_users is read from the top level",
        "genres[].id": "genres are kept by name",
        "related_anime[].node.main_picture": "belongs to the other anime",
        "related_manga[].node.main_picture": "belongs to the manga",
        "related_anime[].relation_type_formatted": "relation_type says it",
        "related_manga[].relation_type_formatted": "relation_type says it",
    }
)
