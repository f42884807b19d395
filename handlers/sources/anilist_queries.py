"""AniList: the GraphQL that is asked."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

PAGE_SIZE = 50


_PERSON = "id name { full native } languageV2 image { large } siteUrl"
_CHARACTER = (
    "id name { full native alternative alternativeSpoiler } image { large } description gender "
    "dateOfBirth { year month day } age bloodType siteUrl favourites"
)
# What to ask for under each top-level name. Without the versions HIATUS and the newer source values never come.
SELECT: Final = MappingProxyType(
    {
        "title": "title { romaji english native }",
        "status": "status(version: 2)",
        "source": "source(version: 3)",
        "startDate": "startDate { year month day }",
        "endDate": "endDate { year month day }",
        "trailer": "trailer { id site }",
        "coverImage": "coverImage { extraLarge }",
        "tags": "tags { name category }",
        "rankings": "rankings { rank type format year season allTime }",
        "externalLinks": "externalLinks { url site type isDisabled }",
        "studios": "studios { edges { node { id name isAnimationStudio siteUrl } } }",
        "relations": "relations { edges { relationType(version: 2) "
        "node { id idMal type format siteUrl title { romaji english native } } } }",
        "nextAiringEpisode": "nextAiringEpisode { airingAt episode }",
        "airingSchedule": "airingSchedule(page: $page, perPage: 25) "
        "{ pageInfo { hasNextPage } nodes { airingAt episode } }",
        "characters": "characters(page: $page, perPage: 25, sort: [ROLE, ID]) { pageInfo { hasNextPage } "
        f"edges {{ role node {{ {_CHARACTER} }} "
        f"voiceActors {{ {_PERSON} description dateOfBirth {{ year month day }} bloodType }} }} }}",
        "staff": "staff(page: $page, perPage: 25, sort: [RELEVANCE, ID]) "
        f"{{ pageInfo {{ hasNextPage }} edges {{ role node {{ {_PERSON} }} }} }}",
    }
)
PAGED: Final = ("airingSchedule", "characters", "staff")


def media_query(names: Iterable[str]) -> str:
    """The GraphQL text for a page of anime by AniList id, with the given top-level names."""
    chosen = [name for name in names if name not in ("id", "idMal")]
    fields = " ".join(["id", "idMal", *(SELECT.get(name, name) for name in chosen)])
    variables = "$ids: [Int], $perPage: Int" + (", $page: Int" if any(name in PAGED for name in chosen) else "")
    return f"query ({variables}) {{ Page(perPage: $perPage) {{ media(type: ANIME, id_in: $ids) {{ {fields} }} }} }}"


CHARACTERS_QUERY = (
    f"query ($ids: [Int], $perPage: Int) {{ Page(perPage: $perPage) {{ characters(id_in: $ids) {{ {_CHARACTER} "
    "media(perPage: 25) { edges { characterRole node { id idMal type title { romaji english native } } } } } } }"
)
WINDOW_QUERY = (
    "query ($page: Int, $perPage: Int, $after: Int, $before: Int) { Page(page: $page, perPage: $perPage) { "
    "pageInfo { hasNextPage } airingSchedules(airingAt_greater: $after, airingAt_lesser: $before, sort: [TIME]) "
    "{ airingAt episode mediaId media { id idMal } } } }"
)
CHANGED_QUERY = (
    "query ($page: Int, $perPage: Int) {{ Page(page: $page, perPage: $perPage) {{ pageInfo {{ hasNextPage }} "
    "media(type: ANIME, sort: [UPDATED_AT_DESC]) {{ updatedAt {fields} }} }} }}"
)


def ids_query(name: str) -> str:
    """The GraphQL text that finds both ids of anime by `name`, id_in or idMal_in."""
    media = f"media(type: ANIME, {name}: $ids) {{ id idMal }}"
    return f"query ($ids: [Int]) {{ Page(perPage: {PAGE_SIZE}) {{ {media} }} }}"
