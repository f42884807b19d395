from __future__ import annotations

import pytest
from pydantic import ValidationError

from streams import topology
from streams.settings import Settings
from streams.tuning import Tuning


def test_without_settings_every_consumer_is_as_the_topology_has_it() -> None:
    tuning = Settings(_env_file=None).tuning  # type: ignore[call-arg]
    assert [tuning.of(consumer) for consumer in topology.CONSUMERS] == list(topology.CONSUMERS)


def test_a_wait_and_a_limit_replace_those_of_every_consumer() -> None:
    settings = Settings(_env_file=None, ECHORA_ACK_WAIT_S="1", ECHORA_MAX_DELIVER="7")  # type: ignore[call-arg]
    tuned = {consumer.name: settings.tuning.of(consumer) for consumer in topology.CONSUMERS}
    assert {consumer.ack_wait_s for consumer in tuned.values()} == {1.0}
    assert tuned[topology.UPDATED.name].max_deliver == 7
    assert tuned[topology.UPDATED.name].subjects == topology.UPDATED.subjects


def test_each_can_be_set_alone() -> None:
    assert Tuning(ack_wait_s=2).of(topology.AIRED).max_deliver == topology.AIRED.max_deliver
    assert Tuning(max_deliver=9).of(topology.AIRED).ack_wait_s == topology.AIRED.ack_wait_s


@pytest.mark.parametrize(("name", "value"), [("ECHORA_ACK_WAIT_S", "0"), ("ECHORA_MAX_DELIVER", "0")])
def test_what_would_storm_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(_env_file=None, **{name: value})  # type: ignore[arg-type]
