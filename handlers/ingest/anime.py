"""An anime in the vocabulary of today, from the words that older records use."""

from __future__ import annotations

from typing import Any, Final

from handlers.ingest import enumerations, identifiers
from handlers.ingest.dates import day_in_tokyo, day_written_as_midnight, unless_never
from handlers.ingest.people import staff
from handlers.ingest.shapes import Object, apply, rename, texts, unique, without_none
from handlers.ingest.works import related

_ENUMERATIONS: Final = {
    "type": enumerations.anime_type,
    "status": enumerations.status,
    "season": enumerations.season,
    "rating": enumerations.rating,
    "source_material": enumerations.source_material,
}


def anime_of_today(raw: Object) -> Object:
    """The anime under today's names. Nothing is dropped but null: what has no name today stays under its own."""
    anime = without_none(dict(raw))
    for name, words in _ENUMERATIONS.items():
        apply(anime, name, words)
    _identity(anime)
    _dates(anime)
    _statistics(anime)
    _watching(anime)
    _lists(anime)
    staff(anime)
    related(anime)
    return without_none(anime)


def _identity(anime: Object) -> None:
    stated = identifiers.stated_ids(anime.get("external_ids") or {})
    if isinstance(stated, dict):
        anime["external_ids"] = identifiers.anime_ids(anime.get("sources")) | stated or None


def _dates(anime: Object) -> None:
    aired = anime.get("aired_dates")
    if isinstance(aired, dict):
        dates = dict(aired)
        for older, name in (("from", "aired_from"), ("to", "aired_to")):
            apply(dates, older, day_written_as_midnight)
            rename(dates, older, name)
            apply(dates, name, lambda value: unless_never(day_in_tokyo(value)))
        anime["aired_dates"] = without_none(dates) or None
    _premieres(anime)
    _hiatus(anime)


def _premieres(anime: Object) -> None:
    older = anime.pop("premiere_dates", None)
    if not isinstance(older, dict):
        _put_back(anime, "premiere_dates", older)
        return
    dates = dict(older)
    slot = anime.get("broadcast") or {}
    if isinstance(slot, dict):
        found = {
            # Only the Japanese premiere is a day in Tokyo; a dub's day is where it was released.
            "premiere_jp": unless_never(day_written_as_midnight(dates.pop("original", None))),
            "premiere_sub": unless_never(dates.pop("sub", None)),
            "premiere_dub": unless_never(dates.pop("dub", None)),
        }
        anime["broadcast"] = without_none(found) | slot or None
    _put_back(anime, "premiere_dates", dates or None)


def _hiatus(anime: Object) -> None:
    older = anime.pop("delay_information", None)
    if not isinstance(older, dict):
        _put_back(anime, "delay_information", older)
        return
    delay = dict(older)
    delayed = delay.pop("delayed_timetable", None)
    found = {
        "reason": delay.pop("delay_reason", None),
        "hiatus_from": unless_never(delay.pop("delayed_from", None)),
        "hiatus_until": unless_never(delay.pop("delayed_until", None)),
    }
    if delayed or any(found.values()):
        anime["hiatus"] = anime.get("hiatus") or without_none(found)
    _put_back(anime, "delay_information", delay or None)


def _put_back(anime: Object, name: str, rest: Any) -> None:
    # What nothing is known to do with stays in sight, so that it is counted as ignored.
    if rest is not None:
        anime[name] = rest


def _statistics(anime: Object) -> None:
    statistics = anime.get("statistics")
    if isinstance(statistics, dict):
        anime["statistics"] = {identifiers.platform(name): _figures(figures) for name, figures in statistics.items()}


def _figures(figures: Any) -> Any:
    if not isinstance(figures, dict):
        return figures
    # A score of 0 is what sources print for a show that nobody has scored.
    return without_none({name: None if name == "score" and value == 0 else value for name, value in figures.items()})


def _watching(anime: Object) -> None:
    rename(anime, "external_links", "external_sources")
    sources = texts(anime.get("streaming_sources"))
    sources += texts(anime.pop("streaming_info", None))
    named = {str(source.get("platform")).casefold() for source in sources if isinstance(source, dict)}
    for licence in texts(anime.pop("streaming_licenses", None)):
        if not isinstance(licence, str) or licence.casefold() not in named:
            sources.append({"platform": licence} if isinstance(licence, str) else licence)
    anime["streaming_sources"] = sources or None


def _lists(anime: Object) -> None:
    themes = anime.get("themes")
    if isinstance(themes, list):
        anime["themes"] = [{"name": theme} if isinstance(theme, str) else theme for theme in themes]
    for name in ("opening_themes", "ending_themes"):
        songs = anime.get(name)
        if isinstance(songs, list):
            anime[name] = [{"title": song} if isinstance(song, str) else song for song in songs]
    trailers = anime.get("trailers")
    if isinstance(trailers, list):
        anime["trailers"] = [{"url": trailer} if isinstance(trailer, str) else trailer for trailer in trailers]
    for name in ("synonyms", "sources"):
        apply(anime, name, lambda values: unique(values) if isinstance(values, list) else values)
