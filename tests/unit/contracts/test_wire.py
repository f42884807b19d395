"""Timestamps, enumerations and lists in maps, between messages and plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import events
from contracts.gen import events_pb2, model_pb2
from contracts.model import AnimeFields
from contracts.model.anime_parts import AiredDates, RelatedWork, StaffMember
from contracts.model.enums import AnimeType, Relation, SourceMaterial
from contracts.wire import to_message, to_plain
from tests.unit.contracts.strategies import INSTANTS


def written(**values: Any) -> Any:
    return to_message(AnimeFields(**values), model_pb2.AnimeData())


@given(INSTANTS, st.integers(-14 * 60, 14 * 60))
def test_an_instant_keeps_its_microsecond_and_is_utc_whatever_zone_it_was_written_in(
    moment: datetime, offset: int
) -> None:
    local = moment.astimezone(timezone(timedelta(minutes=offset)))
    message = written(aired_dates=AiredDates(aired_from=local))
    assert to_plain(message)["aired_dates"]["aired_from"] == moment
    assert to_plain(message)["aired_dates"]["aired_from"].tzinfo is UTC


def test_a_time_without_a_zone_is_utc() -> None:
    message = written(aired_dates=AiredDates(aired_from=datetime(2020, 4, 1, 12)))  # noqa: DTZ001 - the case in hand
    assert message.aired_dates.aired_from.seconds == 1_585_742_400


def test_nanoseconds_are_cut_to_microseconds() -> None:
    message = events_pb2.AnimeCreatedEvent()
    message.timestamp.seconds, message.timestamp.nanos = 1, 1_999
    assert to_plain(message)["timestamp"] == datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)


def test_enumerations_travel_as_numbers_and_read_as_names_without_prefix() -> None:
    message = written(type=AnimeType.TV_SHORT, source_material=SourceMaterial.KOMA_4)
    assert (message.type, message.source_material) == (7, 8)
    assert to_plain(message) == {"type": "TV_SHORT", "source_material": "KOMA_4"}


def test_the_unspecified_value_means_that_nobody_said() -> None:
    message = model_pb2.AnimeData(type=0)
    assert message.HasField("type")
    assert to_plain(message) == {}


def test_a_map_of_lists_goes_through_its_wrapper_and_back_an_empty_list_too() -> None:
    work = RelatedWork(title="Other", external_ids={"mal": "1"})
    message = written(
        related_anime={Relation.SEQUEL: [work]}, staff_data={"Director": [StaffMember(name="A")], "Nobody": []}
    )
    assert message.related_anime["SEQUEL"].items[0].external_ids["mal"] == "1"
    plain = to_plain(message)
    assert plain["staff_data"] == {"Director": [{"name": "A"}], "Nobody": []}
    assert AnimeFields.model_validate(plain).related_anime == {Relation.SEQUEL: [work]}


def test_what_has_no_form_as_text_is_refused() -> None:
    event = events.AnimeCreatedEvent.model_construct(event_id=3, timestamp=datetime.now(UTC), anime_id=UUID(int=1))
    with pytest.raises(ValueError, match="int has no form as text"):
        to_message(event, events_pb2.AnimeCreatedEvent())
