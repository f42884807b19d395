"""Every recorded body goes through its adapter, and every field of it is either read or listed as not used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from handlers.sources.notes import Notes
from handlers.sources.sources import SOURCES
from handlers.sources.tables import anilist, jikan, kitsu, mal
from tests.contracts.sources.recordings import FOLDERS, exchanges, files, items_of, needs_recordings
from tests.contracts.sources.spy import leaves, wrap

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NOT_USED: Mapping[str, Mapping[str, str]] = {
    "jikan": jikan.NOT_USED,
    "anilist": anilist.NOT_USED,
    "kitsu": kitsu.NOT_USED,
    "mal": mal.NOT_USED,
}
CASES = [(source, name) for source in FOLDERS for name in files(source)]


def _listed(path: str, not_used: Mapping[str, str]) -> bool:
    # `included[anime].attributes` of the table also answers for `included[].attributes`, whatever the type.
    plain = path if "included[" not in path else "included[]" + path[path.index("]") + 1 :]
    return any(
        one == entry or one.startswith((f"{entry}.", f"{entry}[")) for entry in not_used for one in (path, plain)
    )


def unread(source: str, body: object, seen: set[str]) -> set[str]:
    """Leaves of an item or body that were neither read nor listed."""
    return {path for path in leaves(body) if path not in seen and not _listed(path, NOT_USED[source])}


@needs_recordings
@pytest.mark.parametrize(("source", "name"), CASES or [("none", "none")])
def test_every_field_of_a_recorded_body_is_read_or_listed(source: str, name: str) -> None:
    for exchange in exchanges(name, source):
        if source == "kitsu":
            seen: set[str] = set()
            body = wrap(exchange.reply.data, "", seen)
            for item in items_of(source, exchange, body):
                _said(item.source, item, item.raw)
            assert unread(source, exchange.reply.data, seen) == set()
            continue
        by_raw: dict[int, tuple[object, set[str]]] = {}
        for item in items_of(source, exchange, exchange.reply.data):
            raw, seen = by_raw.setdefault(id(item.raw), (item.raw, set()))
            _said(source, item, wrap(raw, "", seen))
        for raw, seen in by_raw.values():
            assert unread(source, raw, seen) == set()


def _said(source: str, item: object, raw: object) -> None:
    notes = Notes(source)
    said = SOURCES[source].said(item.ask, item.external_id, raw, notes, NOW)  # type: ignore[attr-defined]
    assert said.errors == {}, said.errors
    assert notes.surprises == []
    only_recommends = isinstance(raw, dict) and set(raw) == {"recommendations"}
    assert said.speaks_for or only_recommends, "a body that says something gives something"


@needs_recordings
def test_the_recordings_hold_what_they_did_when_this_was_written() -> None:
    counted = {
        source: sum(
            len(items_of(source, one, one.reply.data)) for name in files(source) for one in exchanges(name, source)
        )
        for source in FOLDERS
    }
    assert counted["kitsu"] >= 60
    assert counted["jikan"] >= 155
    assert counted["anilist"] >= 240
    assert counted["mal"] >= 20


def test_a_field_in_neither_is_found() -> None:
    seen: set[str] = set()
    body = {"mal_id": 1, "title": "One", "brand_new": {"field": 1}}
    _ = SOURCES["jikan"].said(_ask(), "1", wrap(body, "", seen), Notes("jikan"), NOW)
    assert unread("jikan", body, seen) == {"brand_new.field"}


def _ask() -> object:
    from contracts.observation import Kind
    from handlers.sources.port import Ask

    return Ask(Kind.ANIME)
