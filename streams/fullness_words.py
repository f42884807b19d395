"""The words of the alarm that JetStream takes no messages. Pure."""

from __future__ import annotations

import re
from typing import Final

from streams import topology
from streams.delivery.intake import is_disk

_NAMED: Final = re.compile(r"stream '[^']*?([^\s>']+)'")
_KEPT: Final = "Nothing that was confirmed is lost, and what is committed waits in PostgreSQL."


def begun(stream: str, server: str, words: str, silent_s: float, *, is_ours: bool) -> str:
    """That a stream takes nothing: what is known, what it means, what to do. `is_ours`: we run the server."""
    cause, advice = _cause(words, silent_s), _advice(words, is_ours)
    return f"stream {stream} on {server} takes no messages: {cause}. {_KEPT} {advice}"


def over(stream: str, server: str, seconds: float, *, is_known: bool) -> str:
    """That it is over; unless that `is_known`, nothing is left that could tell."""
    if is_known:
        return f"stream {stream} on {server} takes messages again, after {seconds:.0f} s"
    return f"nothing waits for stream {stream} on {server} any more; whether it takes messages again is not known"


def stream_named(words: str) -> str | None:
    """The one of our streams that the server's words about its disk name; None when they name none."""
    if not is_disk(words):
        return None
    found = _NAMED.search(words)
    ours = {spec.name for spec in topology.STREAMS}
    return found[1] if found and found[1] in ours else None


def _cause(words: str, silent_s: float) -> str:
    if is_disk(words):
        return f"the disk below JetStream is full (the server says: {words})"
    if words:
        return f"it has no room (the server says: {words})"
    return (
        f"the server is connected and has confirmed no publish to it for {silent_s:.0f} s; the usual cause is a full "
        "disk below JetStream"
    )


def _advice(words: str, is_ours: bool) -> str:
    restart = "restart this program, which runs the server" if is_ours else "restart that NATS server"
    if is_disk(words):
        return f"Make room on the disk, then {restart}: a stream that met a full disk stays shut until then."
    if words.startswith("maximum"):
        return "It has reached a limit that somebody has set: raise or remove max_bytes or max_msgs of the stream."
    if words and is_ours:
        return "The embedded server keeps no more: run one of your own with a larger max_file_store (NATS_URL)."
    if words:
        return "Raise the limit on storage (max_file_store of the server, or the account's), or remove other streams."
    return (
        "Look how much room the disk of its store_dir has, and for “no space left on device” in its log; make room, "
        f"then {restart}."
    )
