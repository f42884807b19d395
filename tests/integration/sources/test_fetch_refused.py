"""What is not asked at all, and answers that are not taken as they come."""

from __future__ import annotations

import pytest

from contracts.errors import Permanent
from contracts.observation import Kind
from tests.integration.sources.conftest import Make
from tests.integration.sources.services import always, body


async def test_switched_off_unknown_and_not_offered(house: Make) -> None:
    here = house(enabled=False)
    assert (await here.sources.fetch("jikan", Kind.ANIME, ["1"])).failures["1"].kind == "not offered"
    here = house()
    assert (await here.sources.fetch("mal", Kind.EPISODES, ["1"])).failures["1"].kind == "not offered"
    assert (await here.sources.fetch("nobody", Kind.ANIME, ["1"])).failures["1"].kind == "not offered"
    assert here.services.counts() == {}


@pytest.mark.parametrize("external_id", ["../users", "1/../2", "", "1?x=1", "99999999999999", "\uff11"])
async def test_nothing_but_numbers_gets_into_an_address(house: Make, external_id: str) -> None:
    here = house()
    result = await here.sources.fetch("jikan", Kind.ANIME, [external_id, "901"])
    assert result.failures[external_id].kind == "refused"
    assert "901" in result.observations
    assert here.services.counts()["jikan"] == 1


async def test_too_many_ids_at_once_are_refused(house: Make) -> None:
    with pytest.raises(Permanent, match="split them"):
        await house().sources.fetch("jikan", Kind.ANIME, (str(number) for number in range(1001)))


async def test_new_values_are_counted_every_time_and_logged_once(house: Make) -> None:
    here = house()
    for _ in range(3):
        await here.sources.fetch("jikan", Kind.ANIME, ["901"], fresh=True)
    assert [surprise.value for surprise in here.counted] == ["dream of"] * 3
    assert [surprise.value for surprise in here.logged] == ["dream of"]


async def test_an_answer_about_something_else_is_not_taken(house: Make) -> None:
    here = house()
    here.services.tricks["jikan"] = always(200, json=body("jikan_anime"))
    here.services.tricks["mal"] = always(200, json=body("mal_anime"))
    for source in ("jikan", "mal"):
        result = await here.sources.fetch(source, Kind.ANIME, ["902"])
        assert result.failures["902"].kind == "unreadable"
        assert result.observations == {}
