"""The bodies that the HTTP application answers with."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.model.enums import AnimeStatus, AnimeType


class Body(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(frozen=True)


class SearchHit(Body):
    """One anime that matches."""

    id: UUID = Field(description="UUID of the anime.")
    score: float = Field(description="Similarity to the query, higher is better.")
    title: str = Field(description="Main title.")
    type: AnimeType | None = Field(None, description="Format.")
    status: AnimeStatus | None = Field(None, description="Broadcast status.")
    year: int | None = Field(None, description="Year of the premiere.")
    episode_count: int | None = Field(None, description="Announced total; absent when unknown.")
    genres: list[str] = Field(default_factory=list, description="Genres.")
    synopsis: str | None = Field(None, description="What happens.")


class SearchAnswer(Body):
    """The hits of one search, best first."""

    query: str = Field(description="The query as it was understood.")
    hits: list[SearchHit] = Field(description="The anime found.")


class Deleted(Body):
    """An anime was deleted softly."""

    id: UUID = Field(description="UUID of the anime.")
    version: int = Field(description="Version of the row that says so.")


class StreamStatus(Body):
    """One stream as NATS reports it."""

    name: str = Field(description="Name of the stream.")
    messages: int = Field(description="Messages it holds.")
    bytes: int = Field(description="Bytes it holds.")
    last_sequence: int = Field(description="Sequence of its last message.")


class ConsumerStatus(Body):
    """One durable consumer."""

    name: str = Field(description="Name of the consumer.")
    stream: str = Field(description="Stream it reads.")
    lag: int = Field(description="Messages not delivered yet.")
    in_flight: int = Field(0, description="Messages delivered and not acknowledged.")
    last_progress_age_s: float | None = Field(
        None, description="Seconds since it last handled or looked for work; absent when it runs elsewhere."
    )


class OutboxStatus(Body):
    """What waits to be published."""

    pending: int = Field(description="Rows not published yet.")
    oldest_age_s: float = Field(description="Age of the oldest of them in seconds; 0 when none waits.")


class LettersStatus(Body):
    """Dead letters that wait for a person."""

    waiting: int = Field(description="Letters that are neither sent again nor dropped.")
    groups: int = Field(description="Kinds of failure among them.")


class ScheduleStatus(Body):
    """The schedule, by the clock that it runs on."""

    now: datetime = Field(description="That clock: the world's where one is simulated.")
    next_due_at: datetime | None = Field(None, description="When the next look is due; absent when none is planned.")
    overdue: int = Field(description="Looks whose time has come and that have not begun.")
    latest_s: float = Field(description="How late the latest of them is in seconds; 0 when none is.")
    paused: int = Field(description="Rows that are paused.")
    missed: int = Field(description="Slots that were recorded as missed within a day.")


class IndexStatus(Body):
    """The vector index."""

    engine: str = Field(description="Qdrant Edge or Qdrant server.")
    points: int | None = Field(None, description="Points it holds; absent when it does not answer.")
    model: str | None = Field(None, description="Model that embeds.")


class Status(Body):
    """How the program is doing."""

    now: datetime = Field(description="The program's clock, UTC.")
    roles: list[str] = Field(default_factory=list, description="Parts of the graph that this process runs.")
    streams: list[StreamStatus] = Field(default_factory=list)
    consumers: list[ConsumerStatus] = Field(default_factory=list)
    outbox: OutboxStatus | None = None
    index: IndexStatus | None = None
    schedule: ScheduleStatus | None = Field(None, description="Absent where no schedule is kept.")
    dead_letters: LettersStatus | None = Field(None, description="Absent where the role `letters` does not run.")
    reviews_waiting: int | None = Field(None, description="Held changes that wait for a person.")
    versions: dict[str, str] = Field(default_factory=dict, description="Versions of the program, contracts, servers.")
    problems: list[str] = Field(default_factory=list, description="What could not be asked, and why.")


class Health(Body):
    """The answer of a health check."""

    status: str = Field(description="ok, or what is wrong.")


class RestoreAnswer(Body):
    """A snapshot was restored, now or before."""

    taken_at: datetime = Field(description="When the snapshot was taken, UTC.")
    rows: dict[str, int] = Field(description="Rows that came in, per table.")
    already_restored_at: datetime | None = Field(
        None,
        description="When this very snapshot came in before, if it did; nothing has changed since, nothing was done.",
    )


class ReindexState(Body):
    """The index's model, and how far the vectors of another one are."""

    model: str = Field(description="Model that searches use.")
    wanted: str | None = Field(None, description="Model whose vectors are being filled in.")
    points: int = Field(description="Points there are.")
    filled: int | None = Field(None, description="Those that have a vector of the wanted model; absent when unknown.")
    is_done: bool = Field(description="Whether nothing is being filled or switched.")


class Republished(Body):
    """Events are sent again."""

    messages: dict[str, int] = Field(description="How many, per subject.")
    is_dry: bool = Field(description="Whether they were only counted.")


class Summary(Body):
    """The last line of an ingest's answer."""

    records: int = Field(description="Records read.")
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    undecided: int = 0
    ignored_keys: dict[str, int] = Field(
        default_factory=dict,
        description="Keys of the records that nothing is known to do with, and how often each came.",
    )
    error: str | None = Field(None, description="Why the ingest stopped early, if it did.")
