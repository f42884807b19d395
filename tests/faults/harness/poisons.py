"""Families of bad messages: bytes that are none, and well-formed ones with impossible values."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from contracts import codec, subjects
from contracts.gen import events_pb2
from contracts.limits import EVENT_BYTES_MAX
from tests import events as make
from tests.events import uid

SMALL: Final = 256
LARGE_BYTES: Final = 256 * 1024


def _valid() -> bytes:
    return codec.encode(make.updated("poison", event_id=uid("poison"), synopsis="words " * 20))


def empty(_: random.Random) -> tuple[str, bytes]:
    return subjects.ANIME_UPDATED, b""


def truncated(dice: random.Random) -> tuple[str, bytes]:
    whole = _valid()
    while True:
        cut = whole[: dice.randrange(1, len(whole) - 1)]
        # A cut between two fields may leave a whole message, which is none of this family.
        if isinstance(codec.decode(subjects.ANIME_UPDATED, cut), codec.PoisonMessage):
            return subjects.ANIME_UPDATED, cut


def noise(dice: random.Random) -> tuple[str, bytes]:
    return subjects.ANIME_ENRICHED, dice.randbytes(SMALL)


def large_noise(dice: random.Random) -> tuple[str, bytes]:
    return subjects.ANIME_ENRICHED, dice.randbytes(LARGE_BYTES)


def another_message(_: random.Random) -> tuple[str, bytes]:
    return subjects.EPISODE_AIRED, _valid()


def no_number(_: random.Random) -> tuple[str, bytes]:
    event = events_pb2.AnimeUpdatedEvent.FromString(_valid())
    event.score.arithmetic_mean = float("nan")
    event.changed_fields.append("score")
    return subjects.ANIME_UPDATED, event.SerializeToString()


def nul(_: random.Random) -> tuple[str, bytes]:
    event = events_pb2.AnimeUpdatedEvent.FromString(_valid())
    event.anime_id = "\x00" * 36
    return subjects.ANIME_UPDATED, event.SerializeToString()


def negative_episode(_: random.Random) -> tuple[str, bytes]:
    aired = codec.encode(make.aired("poison", 3, event_id=uid("poison aired")))
    event = events_pb2.EpisodeAiredEvent.FromString(aired)
    event.episode.episode_number = -3
    return subjects.EPISODE_AIRED, event.SerializeToString()


def far_future(_: random.Random) -> tuple[str, bytes]:
    event = events_pb2.AnimeEnrichedEvent.FromString(codec.encode(make.enriched("poison", event_id=uid("far"))))
    event.anime.year = 9_999
    return subjects.ANIME_ENRICHED, event.SerializeToString()


def nest(_: random.Random) -> tuple[str, bytes]:
    """As many empty characters as a message may carry: two bytes each on the wire, a whole object each once parsed."""
    field = events_pb2.AnimeEnrichedEvent.DESCRIPTOR.fields_by_name["characters"].number
    one = bytes([field << 3 | 2, 0])
    return subjects.ANIME_ENRICHED, one * (EVENT_BYTES_MAX // len(one))


Family = Callable[[random.Random], tuple[str, bytes]]
FAMILIES: Final[tuple[Family, ...]] = (
    *(empty, truncated, noise, another_message, no_number, nul, negative_episode, far_future),
)
# They weigh so much that a few of them are as much as thousands of the others.
HEAVY: Final[tuple[Family, ...]] = (large_noise, nest)
