"""Jikan's words for the values of the canonical record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from contracts.model.anime_parts import Broadcast, ThemeSong
from contracts.model.enums import AnimeStatus, AnimeType, CharacterRole, Rating, Relation, SourceMaterial
from handlers.world.slots import WEEKDAYS, tokyo_date

STATUS: Final[Mapping[AnimeStatus, str]] = {
    AnimeStatus.FINISHED: "Finished Airing",
    AnimeStatus.ONGOING: "Currently Airing",
    AnimeStatus.UPCOMING: "Not yet aired",
}
TYPE: Final[Mapping[AnimeType, str]] = {
    AnimeType.TV: "TV",
    AnimeType.TV_SHORT: "TV",
    AnimeType.TV_SPECIAL: "TV Special",
    AnimeType.MOVIE: "Movie",
    AnimeType.OVA: "OVA",
    AnimeType.ONA: "ONA",
    AnimeType.SPECIAL: "Special",
    AnimeType.MUSIC: "Music",
    AnimeType.PV: "PV",
    AnimeType.CM: "CM",
}
RATING: Final[Mapping[Rating, str]] = {
    Rating.G: "G - All Ages",
    Rating.PG: "PG - Children",
    Rating.PG13: "PG-13 - Teens 13 or older",
    Rating.R: "R - 17+ (violence & profanity)",
    Rating.RPLUS: "R+ - Mild Nudity",
    Rating.RX: "Rx - Hentai",
}
SOURCE: Final[Mapping[SourceMaterial, str]] = {
    SourceMaterial.MANGA: "Manga",
    SourceMaterial.LIGHT_NOVEL: "Light novel",
    SourceMaterial.VISUAL_NOVEL: "Visual novel",
    SourceMaterial.WEB_MANGA: "Web manga",
    SourceMaterial.KOMA_4: "4-koma manga",
    SourceMaterial.NOVEL: "Novel",
    SourceMaterial.WEB_NOVEL: "Web novel",
    SourceMaterial.GAME: "Game",
    SourceMaterial.CARD_GAME: "Card game",
    SourceMaterial.ORIGINAL: "Original",
    SourceMaterial.MIXED_MEDIA: "Mixed media",
    SourceMaterial.MUSIC: "Music",
    SourceMaterial.RADIO: "Radio",
    SourceMaterial.BOOK: "Book",
    SourceMaterial.PICTURE_BOOK: "Picture book",
    SourceMaterial.UNKNOWN: "Unknown",
}
ROLE: Final[Mapping[CharacterRole, str]] = {CharacterRole.MAIN: "Main"}
_SPOKEN: Final[Mapping[Relation, str]] = {Relation.SPIN_OFF: "Spin-Off"}


def relation(value: Relation) -> str:
    """A relation as the page prints it, e.g. "Side Story"."""
    return _SPOKEN.get(value) or value.value.replace("_", " ").title()


def duration(seconds: int | None, *, single: bool) -> str:
    """A length as printed: "24 min per ep", "1 hr 55 min", "30 sec", "Unknown"."""
    if not seconds:
        return "Unknown"
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    words = [f"{hours} hr"] if hours else []
    words += [f"{minutes} min"] if minutes else []
    return " ".join([*(words or [f"{seconds} sec"]), *([] if single else ["per ep"])])


def day_parts(instant: datetime | None) -> dict[str, int | None]:
    """Day, month and year of the Tokyo date, each null when there is none."""
    day = tokyo_date(instant) if instant else None
    return {name: getattr(day, name) if day else None for name in ("day", "month", "year")}


def printed_day(instant: datetime | None, zone: str = "+00:00") -> str | None:
    """The Tokyo date as Jikan prints it: at midnight, in lists with +00:00."""
    return None if instant is None else f"{tokyo_date(instant):%Y-%m-%d}T00:00:00{zone}"


def aired(start: datetime | None, end: datetime | None, *, single: bool) -> dict[str, Any]:
    """The air dates of an anime."""
    spoken = [f"{day:%b} {day.day}, {day.year}" if (day := at and tokyo_date(at)) else "?" for at in (start, end)]
    text = "Not available" if start is None else spoken[0] if single else " to ".join(spoken)
    return {
        "from": printed_day(start),
        "to": printed_day(end),
        "prop": {"from": day_parts(start), "to": day_parts(end)},
        "string": text,
    }


def broadcast(slot: Broadcast | None) -> dict[str, str | None]:
    """The weekly slot with its day in the plural; clocks past midnight are printed as television prints them."""
    if slot is None or slot.day not in WEEKDAYS or slot.time is None:
        return {"day": None, "time": None, "timezone": None, "string": "Unknown"}
    day, zone = f"{slot.day.capitalize()}s", slot.timezone or "Asia/Tokyo"
    spoken = "JST" if zone == "Asia/Tokyo" else zone
    return {"day": day, "time": slot.time, "timezone": zone, "string": f"{day} at {slot.time} ({spoken})"}


def song(theme: ThemeSong, number: int) -> str:
    """A song with its number, artist and episodes as the page prints it."""
    artist = f" by {theme.artist}" if theme.artist else ""
    return f'{number}: "{theme.title}"{artist}' + (f" ({theme.episodes})" if theme.episodes else "")
