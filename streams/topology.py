"""Streams, subjects and consumers in one frozen table (data-model.md, "Streams and subjects").

FastStream declares nothing; streams/provision.py plans and applies what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts import limits, subjects
from handlers.update.workflows import WORKFLOWS

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream. `max_age_s` None keeps messages until they are purged or fire."""

    name: str
    subjects: tuple[str, ...]
    max_age_s: float | None
    message_bytes_max: int
    duplicate_window_s: float = 120.0
    schedules: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """One durable pull consumer with explicit acknowledgement.

    `max_deliver` is the server's and only the last net: our own count gives a message `limits.ATTEMPTS_MAX` failures.
    """

    name: str
    stream: str
    subjects: tuple[str, ...]
    ack_wait_s: float
    dead_letters: str
    description: str
    max_deliver: int = 50
    ack_pending_max: int = 4_000


EVENTS: Final = StreamSpec(
    "ANIME_EVENTS",
    (
        subjects.ANIME_ENRICHED,
        subjects.ANIME_UPDATED,
        subjects.EPISODE_AIRED,
        subjects.ANIME_CREATED,
        subjects.ANIME_SYNCED,
        subjects.ANIME_DELETED,
        subjects.CHARACTER_UPDATED,
        subjects.CHARACTER_SYNCED,
        subjects.EPISODE_SYNCED,
        subjects.REVIEW_READY,
    ),
    max_age_s=7 * DAY_S,
    # Less than a dead letter may have, so that whatever the stream takes fits into one with its headers and its story.
    message_bytes_max=limits.EVENT_BYTES_MAX + limits.HEADERS_BYTES_MAX,
    description="Every event; what our own steps published can be sent again from the outbox.",
)
SCHEDULE: Final = StreamSpec(
    "ANIME_SCHEDULE",
    (f"{subjects.SCHEDULE_TIMER}.>", f"{subjects.SCHEDULE_DUE}.>"),
    # A max_age would delete timers that wait longer; ticks expire by a TTL of their own.
    max_age_s=None,
    message_bytes_max=limits.SMALL_EVENT_BYTES_MAX,
    schedules=True,
    description="Timers that wait, and the ticks that they fire.",
)
DEAD_LETTERS: Final = StreamSpec(
    "ANIME_DLQ",
    (f"{subjects.DEAD_LETTERS}.>",),
    max_age_s=30 * DAY_S,
    message_bytes_max=limits.SERVER_PAYLOAD_BYTES_MAX,
    # A dead letter is named by stream, consumer and sequence; the window covers every redelivery of its message.
    duplicate_window_s=DAY_S,
    description="What could not be handled, with its story.",
)
ADVISORIES: Final = StreamSpec(
    "ANIME_ADVISORIES",
    tuple(
        f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{stream.name}.>"
        for stream in (EVENTS, SCHEDULE)
        for kind in ("MAX_DELIVERIES", "MSG_TERMINATED")
    ),
    max_age_s=7 * DAY_S,
    message_bytes_max=limits.SMALL_EVENT_BYTES_MAX,
    description="The server's word that a message was given up without us.",
)
STREAMS: Final = (EVENTS, SCHEDULE, DEAD_LETTERS, ADVISORIES)


def stream_of(subject: str) -> StreamSpec | None:
    """The stream that takes messages of a subject, None for a subject that is not ours."""
    return next((stream for stream in STREAMS if any(_takes(pattern, subject) for pattern in stream.subjects)), None)


def _takes(pattern: str, subject: str) -> bool:
    return subject.startswith(pattern[:-1]) if pattern.endswith(">") else subject == pattern


ENRICHED: Final = ConsumerSpec(
    "postgres-consumer",
    EVENTS.name,
    (subjects.ANIME_ENRICHED,),
    ack_wait_s=30,
    dead_letters=f"{subjects.DEAD_LETTERS}.enriched",
    description="Whole records become rows.",
)
UPDATED: Final = ConsumerSpec(
    "postgres-update-consumer",
    EVENTS.name,
    (subjects.ANIME_UPDATED,),
    ack_wait_s=30,
    dead_letters=f"{subjects.DEAD_LETTERS}.updated",
    description="Changed fields of an anime become rows.",
)
AIRED: Final = ConsumerSpec(
    "postgres-episode-consumer",
    EVENTS.name,
    (subjects.EPISODE_AIRED,),
    ack_wait_s=60,
    dead_letters=f"{subjects.DEAD_LETTERS}.episode.aired",
    description="Aired episodes become rows.",
)
CHARACTER_UPDATED: Final = ConsumerSpec(
    "postgres-character-consumer",
    EVENTS.name,
    (subjects.CHARACTER_UPDATED,),
    ack_wait_s=30,
    dead_letters=f"{subjects.DEAD_LETTERS}.character.updated",
    description="Changed fields of a character become rows.",
)
INDEX: Final = ConsumerSpec(
    "qdrant-consumer",
    EVENTS.name,
    (
        subjects.ANIME_CREATED,
        subjects.ANIME_SYNCED,
        subjects.ANIME_DELETED,
        subjects.CHARACTER_SYNCED,
        subjects.EPISODE_SYNCED,
    ),
    ack_wait_s=30,
    dead_letters=f"{subjects.DEAD_LETTERS}.sync",
    description="The index follows what was committed.",
)
DUE: Final[dict[str, ConsumerSpec]] = {
    name: ConsumerSpec(
        f"schedule-{name}",
        SCHEDULE.name,
        (f"{subjects.SCHEDULE_DUE}.{name}",),
        ack_wait_s=60,
        dead_letters=f"{subjects.DEAD_LETTERS}.schedule.{name}",
        description=f"Ticks of a workflow that {flow.workflow.description}.",
    )
    for name, flow in WORKFLOWS.items()
}
# Behind these two nobody would hear of a message that the server gave up, so it never does.
UNTIL_SETTLED: Final = 1_000_000_000
ADVISED: Final = ConsumerSpec(
    "advisories-consumer",
    ADVISORIES.name,
    ADVISORIES.subjects,
    ack_wait_s=30,
    dead_letters=f"{subjects.DEAD_LETTERS}.advisories",
    description="What the server gave up becomes dead letters.",
    max_deliver=UNTIL_SETTLED,
)
LETTERS: Final = ConsumerSpec(
    "letters-consumer",
    DEAD_LETTERS.name,
    DEAD_LETTERS.subjects,
    ack_wait_s=30,
    dead_letters=f"{subjects.DEAD_LETTERS}.letters",
    description="Dead letters become rows, so that people can ask for them.",
    max_deliver=UNTIL_SETTLED,
)
CONSUMERS: Final = (ENRICHED, UPDATED, AIRED, CHARACTER_UPDATED, INDEX, *DUE.values(), ADVISED, LETTERS)
CONSUMER_OF: Final = {(consumer.stream, consumer.name): consumer for consumer in CONSUMERS}


@dataclass(frozen=True, slots=True)
class Role:
    """A part of the graph that can run in a process of its own."""

    name: str
    consumers: tuple[ConsumerSpec, ...]
    uses_index: bool
    description: str


ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        Role("ingest", (), False, "takes records over HTTP and queues them as anime.enriched"),
        Role("persist", (ENRICHED, UPDATED, AIRED, CHARACTER_UPDATED), False, "turns events into rows"),
        Role("relay", (), False, "sends what was committed from the outbox to NATS"),
        Role("index", (INDEX,), True, "keeps the vector index equal to the rows"),
        Role("search", (), True, "answers /search"),
        Role("update", tuple(DUE.values()), False, "asks the sources what changed, each entity at its time"),
        Role("letters", (ADVISED, LETTERS), False, "keeps dead letters, shows them and sends them again"),
    )
}
