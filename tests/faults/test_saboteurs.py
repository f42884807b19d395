"""The suite on trial: each promise is broken on purpose, and the ledger must say so."""

from __future__ import annotations

import re

import pytest

from tests.faults.conftest import NewLane
from tests.faults.harness.judge import judge
from tests.faults.harness.ledger import BOOK
from tests.faults.harness.scenarios import SCENARIOS
from tests.faults.program.saboteurs import SABOTEURS

# What does not move after this does not move.
PATIENCE_S = 6.0


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_sound_program_passes(new_lane: NewLane, name: str) -> None:
    async with new_lane() as lane:
        await SCENARIOS[name](lane, None)
        said = await judge(lane)
        BOOK.of("the scenarios of the saboteurs").add(said)
        assert said.faults == []


@pytest.mark.parametrize("name", SABOTEURS)
async def test_a_saboteur_is_caught(new_lane: NewLane, name: str) -> None:
    saboteur = SABOTEURS[name]
    async with new_lane() as lane:
        await SCENARIOS[saboteur.scenario](lane, name)
        said = await judge(lane, drain_s=PATIENCE_S, second_looks_s=0.5)
        # Of a program that is broken anything may go wrong; noticed is what says which promise was not kept.
        noticed = [words for words in said.faults if re.match(saboteur.shows, words)]
        BOOK.saboteurs[name] = f"{saboteur.scenario}: {noticed[0] if noticed else 'went unnoticed'}"
        what = f"{name} ({saboteur.breaks})"
        assert noticed, f"{what} went unnoticed in “{saboteur.scenario}”; the ledger says {said.faults}"
        assert "Traceback" not in lane.program.said, f"{what} is no saboteur but a defect: {lane.program.said[-3_000:]}"


def test_there_are_at_least_twelve() -> None:
    assert len(SABOTEURS) >= 12
    assert {saboteur.scenario for saboteur in SABOTEURS.values()} <= set(SCENARIOS)
