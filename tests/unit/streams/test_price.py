"""The price of looks: batches, pages, rounds and rates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.observation import Kind
from handlers.schedule.ports import Cost
from handlers.schedule.row import Key
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Offer
from handlers.sources.sources import SOURCES
from streams.price import Asking, Offers, price, price_list, rounds

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ONE = {Kind.ANIME: Offer(frozenset()), Kind.STAFF: Offer(frozenset(), pages_mean=1.5)}
MANY = {Kind.ANIME: Offer(frozenset(), batch=50)}
OFFERS: Offers = {
    "slow": (ONE, SourcePolicy("https://slow", rate_per_s=1, rate_per_min=30)),
    "batched": (MANY, SourcePolicy("https://batched", rate_per_s=1)),
    "off": (ONE, SourcePolicy("https://off", enabled=False, rate_per_s=1)),
    "free": (ONE, SourcePolicy("https://free")),
}
ASKING = Asking(dict.fromkeys((*OFFERS, "unknown"), (Kind.ANIME, Kind.STAFF)))


def test_single_requests_batches_and_pages() -> None:
    costs = price(ASKING, OFFERS, [60])
    assert costs == {
        # 60 and 60 times 1.5 requests at 30 a minute; two batches at 60 a minute; nobody limits the last.
        "slow": Cost(150, 5.0),
        "batched": Cost(2, 0.0),
        "free": Cost(150, 0.0),
    }


def test_slots_of_one_entity_share_no_request() -> None:
    keys = [Key("w", "a")] * 3 + [Key("w", "b")] * 2 + [Key("w", "c")]
    assert rounds(keys) == [3, 2, 1]
    assert price(ASKING, OFFERS, rounds(keys))["batched"].requests == 3
    assert rounds([]) == []
    assert price(ASKING, OFFERS, []) == {}


def test_a_look_at_several_entities_costs_for_all_of_them() -> None:
    costs = price(Asking({"slow": (Kind.ANIME,), "batched": (Kind.ANIME,)}, entities=50), OFFERS, [2])
    assert (costs["slow"].requests, costs["batched"].requests) == (100, 2)


def test_a_workflow_that_asks_nobody_costs_nothing() -> None:
    priced = price_list({"metadata_refresh": ASKING}, OFFERS)
    looks = [(Key("x", "a"), NOW), (Key("x", "a"), NOW - timedelta(days=7))]
    assert priced("another", looks) == {}
    assert priced("metadata_refresh", looks)["slow"] == Cost(6, 0.2)


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_rounds_hold_every_look_once_and_never_grow(entities: list[str]) -> None:
    found = rounds([Key("w", one) for one in entities])
    assert sum(found) == len(entities)
    assert found == sorted(found, reverse=True)
    assert all(found)


def test_the_real_sources_have_a_price() -> None:
    offers: Offers = {name: (adapter.capability, adapter.policy) for name, adapter in SOURCES.items()}
    costs = price(Asking({"jikan": (Kind.EPISODES,), "anilist": (Kind.AIRING,)}), offers, [100])
    # 110 requests at 50 a minute; two batches of fifty at 28 a minute.
    assert costs == {"jikan": Cost(110, 2.2), "anilist": Cost(2, 0.1)}
