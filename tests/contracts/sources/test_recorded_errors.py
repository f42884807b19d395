"""Recorded errors become the right branch of the tree, with the right wait; stale copies are told from fresh ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from contracts.errors import Outage, Permanent, Transient
from handlers.sources.errors import NotFound, Throttled
from handlers.sources.faults import retry_after_s
from handlers.sources.port import Reply
from handlers.sources.sources import SOURCES
from tests.contracts.sources.recordings import FOLDERS, ROOT, exchanges, files, needs_recordings

pytestmark = needs_recordings


@pytest.mark.parametrize("name", ["anime", "character", "season"])
def test_jikan_404_is_not_found(name: str) -> None:
    reply = exchanges(f"jikanpy-{name}-failure.json", "jikan")[0].reply
    assert isinstance(SOURCES["jikan"].fault(reply), NotFound)


def test_jikan_500_may_pass() -> None:
    fault = SOURCES["jikan"].fault(exchanges("jikanpy-reviews-success.json", "jikan")[0].reply)
    assert type(fault) is Transient
    assert "Unhandled Exception" in str(fault)


@pytest.mark.parametrize("name", ["error", "error_properties"])
def test_anilist_404_is_not_found(name: str) -> None:
    reply = exchanges(f"pyanilist-test_media_not_found_{name}.json", "anilist")[0].reply
    assert isinstance(SOURCES["anilist"].fault(reply), NotFound)


def test_anilist_429_waits_a_minute() -> None:
    reply = exchanges("pyanilist-test_rate_limit_error.json", "anilist")[-1].reply
    assert reply.status == 429
    assert isinstance(SOURCES["anilist"].fault(reply), Throttled)
    assert retry_after_s(reply.headers, datetime.now(UTC)) == 60


def test_errors_quoted_by_reporters() -> None:
    jikan = json.loads((ROOT / "jikan/error-bodies-quoted-in-issues.json").read_text())
    for quoted in jikan:
        reply = Reply(quoted.get("http_status", quoted["body"]["status"]), {}, quoted["body"])
        fault = SOURCES["jikan"].fault(reply)
        assert type(fault) is Transient, "the service behind failed: also when the body says 403 under a 503"
    disabled, throttled, bad = json.loads((ROOT / "anilist/error-bodies-quoted-in-docs.json").read_text())
    replies = [Reply(one["http_status"], {}, one["body"]) for one in (disabled, throttled, bad)]
    faults = [SOURCES["anilist"].fault(reply) for reply in replies]
    assert isinstance(faults[0], Outage)
    assert isinstance(faults[1], Throttled)
    assert type(faults[2]) is Permanent


def test_every_good_exchange_is_good_and_every_bad_one_is_not() -> None:
    for source in FOLDERS:
        for name in files(source):
            for exchange in exchanges(name, source):
                # AniList's recorded requests ask for one Media; ours ask for pages, which is what `fault` wants to see.
                data = exchange.reply.data
                if source == "anilist" and exchange.reply.status == 200:
                    data = {"data": {"Page": data["data"]}}
                if source == "mal" and "id" not in data:
                    continue  # Lists: no request of ours asks for one.
                fault = SOURCES[source].fault(Reply(exchange.reply.status, exchange.reply.headers, data))
                assert (fault is None) == (exchange.reply.status == 200), f"{name}: {fault}"


def test_what_jikan_sent_beyond_its_own_promise_is_stale() -> None:
    old = exchanges("jikanpy-anime-episode-by-id-success.json", "jikan")[0].reply.headers
    new = exchanges("jikanpy-anime-success.json", "jikan")[0].reply.headers
    sent, expires = (parsedate_to_datetime(old[name]) for name in ("date", "expires"))
    assert sent - expires > timedelta(days=1), "the service itself calls it STALE"
    assert old["x-cache-status"] == "STALE"
    assert parsedate_to_datetime(new["expires"]) > parsedate_to_datetime(new["date"])
