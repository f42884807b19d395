"""The picture in words: the rows of its tables, and the one line for those who have no terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from streams.demo.watch import Frame, Watch

JSON = Any
Row = Sequence[str]
_SUBJECTS: Final = ("anime.episode.aired", "anime.updated", "character.updated")


def clock_words(now: datetime | None) -> str:
    """The world's time as a person reads it."""
    return f"{now:%a %Y-%m-%d %H:%M}" if now else "-"


def workflow_rows(watch: Watch) -> Iterator[Row]:
    """One row per workflow: timers that are set, looks by what came of them, retries, misses, the next look."""
    looks = watch.tally.sums("echora_looks_total", "workflow", "outcome")
    for one in watch.activity.get("workflows", []):
        name = one["name"]
        ended = {outcome: count for (workflow, outcome), count in looks.items() if workflow == name}
        yield (
            name.replace("_", " "),
            str(one["timed"]),
            str(one["timers_set"]),
            str(ended.get("changed", 0)),
            str(ended.get("unchanged", 0)),
            str(ended.get("retried", 0)),
            _by_reason(one["misses"]),
            f"{datetime.fromisoformat(one['next_due_at']):%a %H:%M}" if one.get("next_due_at") else "-",
        )


def counts(watch: Watch) -> Iterator[tuple[str, str]]:
    """Named counters, each in one line."""
    told = watch.activity.get("told", {})
    points = watch.tally.sums("echora_points_total", "way")
    aired, changed, people = (told.get(name, 0) for name in _SUBJECTS)
    tracking: Mapping[str, JSON] = next(
        (w for w in watch.activity.get("workflows", []) if w["name"] == "episode_air_tracking"), {}
    )
    skipped = sum(tracking.get("misses", {}).get(reason, 0) for reason in ("skipped", "budget"))
    yield "episodes", f"{aired} confirmed, {tracking.get('timers_repeated', 0)} retried, {skipped} windows skipped"
    yield "changes", f"{watch.scores_moved} scores moved, {changed - watch.scores_moved} of anime, {people} of people"
    yield "held", held_words(watch.activity.get("held", {})) or "nothing"
    yield "index", f"{points.get(('embedded',), 0)} embedded, {points.get(('patched',), 0)} only patched"
    yield "outbox", f"{watch.activity.get('outbox_pending', 0)} waiting"
    yield "lag", lag_words(watch.status.get("consumers", [])) or "none"


def held_words(held: Mapping[str, Mapping[str, int]]) -> str:
    """What waits for a person, and why."""
    return ", ".join(f"{count} {rule}" for rule, count in sorted(held.get("pending", {}).items()))


def lag_words(consumers: Sequence[Mapping[str, JSON]]) -> str:
    """The consumers that have something before them."""
    busy = [(one["name"], one["lag"] + one.get("in_flight", 0)) for one in consumers]
    return ", ".join(f"{name} {count}" for name, count in busy if count)


def ticker_rows(watch: Watch) -> Iterator[Row]:
    """The latest happenings, newest last."""
    for one in watch.ticker:
        yield f"{datetime.fromisoformat(one['at']):%a %H:%M}", one["title"], one["text"]


def plain_line(frame: Frame, watch: Watch) -> str:
    """All of it in one line."""
    parts = "; ".join(f"{name}: {words}" for name, words in counts(watch))
    killed = f", killed {frame.kills} times" if frame.kills else ""
    return f"{frame.share:4.0%}  {clock_words(frame.now)}  {frame.phase}{killed}  {parts}"


def _by_reason(misses: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(misses.items())) or "-"
