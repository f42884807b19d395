"""A character without ids is recognised in a cast by its name, and by nothing less."""

from __future__ import annotations

from contracts.events import EntityType
from contracts.observation import CHARACTERS, Kind, ObservedCharacter
from handlers.update.current import Current
from handlers.update.diff import diff_character
from handlers.update.flows.character_refresh import members
from handlers.update.stored import StoredCharacter
from tests.events import uid
from tests.unit.update.said import heard, told


def spike() -> StoredCharacter:
    return StoredCharacter(uid("spike"), Current({"name": "Spike Spiegel"}, {}, 1), work={"mal": "1"})


def cast(*names: str) -> list[object]:
    listed = [ObservedCharacter(name=name, external_ids={"mal": str(at)}) for at, name in enumerate(names, 1)]
    return [heard("jikan", kind=Kind.CHARACTERS, characters=listed, speaks_for=frozenset({CHARACTERS}))]


def test_the_name_may_be_written_either_way_round() -> None:
    (seen,) = members(spike(), cast("Jet Black", "Spiegel, Spike"))  # type: ignore[arg-type]
    assert (seen.entity, seen.external_ids) == (EntityType.CHARACTER, {"mal": "2"})
    assert told(diff_character(spike().current, [seen]).changes)["external_ids.mal"] == "2"


def test_two_of_one_name_or_none_are_nobody() -> None:
    assert members(spike(), cast("Spike Spiegel", "Spiegel, Spike")) == []  # type: ignore[arg-type]
    assert members(spike(), cast("Jet Black")) == []  # type: ignore[arg-type]
