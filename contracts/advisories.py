"""The server's word that it gave a message up, as an event. It comes as JSON, as everything that the server says."""

from __future__ import annotations

from typing import Any, Final, Literal

import orjson
from pydantic import Field

from contracts.events import Event
from contracts.ids import derived_id
from contracts.model.scalars import Count, Name, Text, Version

PREFIX: Final = "$JS.EVENT.ADVISORY.CONSUMER."
Kind = Literal["max_deliver", "terminated"]
_TYPE: Final = "io.nats.jetstream.advisory.v1."


class AdvisoryEvent(Event):
    """A consumer will not be given a message again, and none of our code said so."""

    kind: Kind = Field(description="max_deliver: delivered too often; terminated: a client said never again.")
    stream: Name = Field(description="The stream that holds the message.")
    consumer: Name = Field(description="The consumer that gave it up.")
    stream_sequence: Version = Field(description="The message's sequence in the stream.")
    deliveries: Count = Field(0, description="How often it was delivered.")
    reason: Text = Field("", description="What the client said when it terminated it.")


def advisory_of(data: bytes) -> dict[str, Any]:
    """The fields of the event in the server's JSON. Raises ValueError for what is none."""
    said = orjson.loads(data)
    if not isinstance(said, dict):
        raise ValueError(f"an advisory is a JSON object, this is {type(said).__name__}")
    kind = str(said.get("type", "")).removeprefix(_TYPE)
    stream, consumer, sequence = said.get("stream"), said.get("consumer"), said.get("stream_seq")
    return {
        "event_id": derived_id("advisory", kind, stream, consumer, sequence, said.get("id")),
        "timestamp": said.get("timestamp"),
        "kind": kind,
        "stream": stream,
        "consumer": consumer,
        "stream_sequence": sequence,
        "deliveries": said.get("deliveries", 0),
        "reason": said.get("reason", ""),
    }
