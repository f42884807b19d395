"""An anime in AniList's shape. Values that cost something, or take arguments, are functions that GraphQL calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLError

from contracts.model import Anime
from contracts.model.anime_parts import CompanyRef, RelatedWork, Statistics
from handlers.world import anilist_airing, anilist_people
from handlers.world import anilist_words as say
from handlers.world.anilist_pages import connection, nested
from handlers.world.chance import Chance
from handlers.world.changes import Source
from handlers.world.people import firm_number, label_number, slug, work_number
from handlers.world.showing import ShownAnime
from handlers.world.titles import derived_number, external_number
from handlers.world.world import Showing

SITE = "https://anilist.co"
Json = dict[str, Any]
_DAY_S = 86_400
# What fails, and for which share of the media, when the service answers in part.
_FAILING = ("averageScore", "nextAiringEpisode", "airingSchedule", "characters", "staff")
_FAILING_SHARE = 0.4


def media(shown: ShownAnime, showing: Showing, *, partial: bool = False) -> Json:
    """A Media object. With `partial`, some fields of some media fail instead of giving a value."""
    anime, number = shown.anime, showing.number(shown)
    body: Json = {
        "id": number,
        "idMal": shown.title.ids.get(Source.MAL),
        "title": title(anime.title, anime.title_english, anime.title_japanese),
        "type": "ANIME",
        "format": say.FORMAT.get(anime.type) if anime.type else None,
        "status": lambda _, version=None: say.status(shown, version),
        "description": lambda _, asHtml=False: anime.synopsis,  # noqa: N803 - the service's own name
        "season": anime.season.value if anime.season else None,
        "seasonYear": anime.year,
        "episodes": anime.episode_count,
        "duration": anime.duration // 60 if anime.duration else None,
        "countryOfOrigin": anime.country_of_origin,
        "isLicensed": bool(anime.licensors),
        "source": lambda _, version=None: say.source(anime.source_material, version),
        "updatedAt": updated_at(shown, showing.now),
        "genres": list(anime.genres or []),
        "synonyms": list(anime.synonyms or []),
        "isLocked": False,
        "trending": 0,
        "isAdult": bool(anime.nsfw),
        "siteUrl": f"{SITE}/anime/{number}",
        **_dates(anime),
        **_pictures(anime),
        **_figures((anime.statistics or {}).get("anilist"), anime, shown),
        "tags": lambda _: _tags(anime),
        "externalLinks": lambda _: _links(anime),
        "streamingEpisodes": [],
        "relations": lambda _: _relations(anime, showing),
        "studios": lambda _, **args: _studios(anime, **args),
        "characters": lambda _, **args: anilist_people.cast(shown, showing, **args),
        "staff": lambda _, **args: anilist_people.staff(anime, **args),
        "nextAiringEpisode": lambda _: anilist_airing.next_node(shown, showing),
        "airingSchedule": lambda _, **args: _schedule(shown, showing, **args),
    }
    if partial and Chance(showing.world.seed).fraction("partial", shown.title.id) < _FAILING_SHARE:
        body |= dict.fromkeys(_FAILING, _failing)
    return body


def title(romaji: str, english: str | None = None, native: str | None = None) -> Json:
    """A MediaTitle; how it is stylised makes no difference here."""

    def said(text: str | None) -> Callable[..., str | None]:
        return lambda _, stylised=False: text

    return {"romaji": said(romaji), "english": said(english), "native": said(native), "userPreferred": romaji}


def updated_at(shown: ShownAnime, now: datetime) -> int:
    """Unix seconds. It moves about daily even when nothing changed: the real one is as poor a signal."""
    phase = derived_number("updated", shown.title.id) % _DAY_S
    swept = (int(now.timestamp()) - phase) // _DAY_S * _DAY_S + phase
    return max(swept, int(shown.changed_at.timestamp()))


def _failing(_: Any, **args: Any) -> None:
    raise GraphQLError("Internal Server Error", extensions={"status": 500})


def _dates(anime: Anime) -> Json:
    dates = anime.aired_dates
    return {
        "startDate": say.fuzzy(dates.aired_from if dates else None),
        "endDate": say.fuzzy(dates.aired_to if dates else None),
    }


def _pictures(anime: Anime) -> Json:
    images = anime.images
    cover = images.covers[0] if images and images.covers else None
    banner = images.banners[0] if images and images.banners else None
    url = (anime.trailers[0].url or "") if anime.trailers else ""
    video = url.rpartition("v=")[2] if "youtube" in url else None
    return {
        "coverImage": {"extraLarge": cover, "large": cover, "medium": cover, "color": None},
        "bannerImage": banner,
        "trailer": {"id": video, "site": "youtube", "thumbnail": None} if video else None,
    }


def _figures(statistics: Statistics | None, anime: Anime, shown: ShownAnime) -> Json:
    one = statistics or Statistics()
    form = say.FORMAT.get(anime.type, "TV") if anime.type else "TV"
    return {
        "averageScore": say.score(one.score),
        "meanScore": say.score(one.score),
        "popularity": one.members,
        "favourites": one.favorites,
        "rankings": [
            {
                "id": derived_number("rank", shown.title.id, at),
                "rank": rank.rank,
                "type": "POPULAR" if (rank.type or "").upper() == "POPULAR" else "RATED",
                "format": rank.format or form,
                "year": rank.year,
                "season": rank.season.upper() if rank.season else None,
                "allTime": rank.all_time,
                "context": f"ranked {rank.type or 'rated'}",
            }
            for at, rank in enumerate(one.contextual_ranks or [])
        ],
        "stats": {"statusDistribution": [{"status": "CURRENT", "amount": one.members or 0}]},
    }


def _tags(anime: Anime) -> list[Json]:
    named = [(name, "Theme") for name in anime.tags or []]
    named += [(name, "Demographic") for name in anime.demographics or []]
    return [
        {
            "id": label_number("tag", name),
            "name": name,
            "description": f"About {name.lower()}.",
            "category": category,
            "rank": max(1, 95 - 5 * at),
            "isGeneralSpoiler": False,
            "isMediaSpoiler": False,
            "isAdult": False,
            "userId": None,
        }
        for at, (name, category) in enumerate(named)
    ]


def _links(anime: Anime) -> list[Json]:
    streams = [(one.platform, one.url, "STREAMING") for one in anime.streaming_sources or []]
    others = [(name, url, "INFO") for name, url in (anime.external_sources or {}).items()]
    return [
        {
            "id": derived_number("link", anime.id, name),
            "url": url or f"https://{slug(name, '').lower()}.example/",
            "site": name,
            "siteId": label_number("site", name),
            "type": kind,
            "isDisabled": False,
        }
        for name, url, kind in [*streams, *others]
    ]


def _relations(anime: Anime, showing: Showing) -> Json:
    edges = [
        {"id": derived_number("edge", anime.id, relation, work.title), "node": _work(work, showing, anime=is_anime),
         "relationType": lambda _, version=None, relation=relation: say.relation(relation)}
        for is_anime, works in ((True, anime.related_anime), (False, anime.related_source_material))
        for relation, related in (works or {}).items()
        for work in related
    ]  # fmt: skip
    return connection(edges, page=1, per_page=max(1, len(edges)))


def _work(work: RelatedWork, showing: Showing, *, anime: bool) -> Json:
    number = work_number(work, showing, anime=anime)
    inside = showing.anime_by_number(number) if anime else None
    if inside is not None:
        return media(inside, showing)
    kind = "anime" if anime else "manga"
    return {
        "id": number,
        "idMal": external_number(work.external_ids, "mal"),
        "type": kind.upper(),
        "format": say.work_format(work.type or (work.material.value if work.material else None), anime=anime),
        "title": title(work.title),
        "siteUrl": f"{SITE}/{kind}/{number}",
    }


def _studios(anime: Anime, sort: Sequence[str] | None = None, isMain: bool | None = None) -> Json:  # noqa: N803
    firms = [(firm, True) for firm in anime.studios or []] + [(firm, False) for firm in anime.producers or []]
    edges = [_studio(firm, animates=animates) for firm, animates in firms if isMain is None or isMain is animates]
    return connection(edges, page=1, per_page=max(1, len(edges)))


def _studio(firm: CompanyRef, *, animates: bool) -> Json:
    number = firm_number(firm, Source.ANILIST)
    node = {"id": number, "name": firm.name, "isAnimationStudio": animates, "siteUrl": f"{SITE}/studio/{number}"}
    return {"id": number, "isMain": animates, "node": node}


def _schedule(
    shown: ShownAnime,
    showing: Showing,
    notYetAired: bool | None = None,  # noqa: N803
    page: int = 1,
    perPage: int = 25,  # noqa: N803
) -> Json:
    times = [
        (number, at)
        for number, at in anilist_airing.air_times(shown)
        if notYetAired is None or (at - showing.now > timedelta(0)) is notYetAired
    ]
    nodes = [anilist_airing.node(shown, showing, number, at) for number, at in times]
    edges = [{"node": node} for node in nodes]
    return nested(edges, page, perPage)
