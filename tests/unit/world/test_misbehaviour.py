from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.errors import Refused
from handlers.world.changes import Source
from handlers.world.misbehaviour import WINDOWS_MAX, Fault, Misbehaviour
from tests.unit.world.catalogue import ORIGIN


def test_a_spell_strikes_its_source_and_ends_on_the_worlds_clock():
    spells = Misbehaviour()
    spells.start("jikan", "500", 60, ORIGIN)
    assert Fault.SERVER_ERROR in spells.suffered(Source.JIKAN, ORIGIN + timedelta(seconds=59))
    assert spells.suffered(Source.JIKAN, ORIGIN + timedelta(seconds=60)) == {}
    assert spells.suffered(Source.KITSU, ORIGIN) == {}


def test_a_share_of_the_requests_is_met_evenly():
    spells = Misbehaviour()
    spells.start("mal", "504", 60, ORIGIN, share=0.25)
    hit = [bool(spells.suffered(Source.MAL, ORIGIN)) for _ in range(400)]
    assert 95 <= sum(hit) <= 105
    assert all(any(hit[at : at + 12]) for at in range(380))


@pytest.mark.parametrize(
    ("source", "kind", "more"),
    [
        ("crunchyroll", "500", {}),
        ("jikan", "418", {}),
        ("jikan", "partial", {}),
        ("jikan", "500", {"for_s": 0}),
        ("jikan", "500", {"share": 1.5}),
        ("jikan", "timeout", {"hold_s": 1e9}),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(source, kind, more):
    with pytest.raises(Refused) as refused:
        Misbehaviour().start(source, kind, **{"for_s": 60, "now": ORIGIN, **more})
    assert "misbehaviour" in str(refused.value)


def test_the_number_of_open_spells_is_bounded():
    spells = Misbehaviour()
    for _ in range(WINDOWS_MAX):
        spells.start("mal", "504", 60, ORIGIN)
    with pytest.raises(Refused):
        spells.start("mal", "504", 60, ORIGIN)
    # Those that have ended make room.
    spells.start("mal", "504", 60, ORIGIN + timedelta(seconds=61))
    spells.clear()
    assert spells.active(ORIGIN) == []
