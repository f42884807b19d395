"""The schedule in the words of its commands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from streams.cli.output import age

Workflow = Annotated[str, typer.Argument(metavar="WORKFLOW", help="A workflow, e.g. episode_air_tracking.")]
_UNITS: Final = ((604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "min"))


def moment(said: str | None) -> str:
    """An instant as a person reads it, in UTC."""
    return f"{datetime.fromisoformat(said).astimezone(UTC):%Y-%m-%d %H:%M}" if said else "-"


def until(said: str | None, now: str) -> str:
    """How long from now, or how late."""
    if not said:
        return "-"
    seconds = (datetime.fromisoformat(said) - datetime.fromisoformat(now)).total_seconds()
    return age(seconds) if seconds >= 0 else f"{age(-seconds)} late"


def span(seconds: float) -> str:
    """A span of a policy in whole units."""
    for size, name in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {name}"
    return f"{seconds:g} s"


def own_in_words(own: dict[str, Any]) -> str:
    """What a policy has of its own, in one line."""
    return ", ".join(f"{name} {value}" for name, value in own.items())


def policy_in_words(policy: dict[str, Any]) -> str:
    """What a policy says, in one line."""
    if policy["interval_s"] is None:
        every = "planned one by one"
    else:
        every = f"every {span(policy['interval_s'])}"
        if policy["phase_s"]:
            every += f" at {span(policy['phase_s'])}"
        if policy["jitter_s"]:
            every += f", spread over {span(policy['jitter_s'])}"
    overlap = {"skip": "one that overlaps is left", "buffer_one": "one that overlaps follows"}
    tries = (
        f"{policy['retries_max']} retries after {span(policy['retry_wait_s'])}"
        if policy["retries_max"]
        else ("no retries")
    )
    runs = policy["catch_up_runs_max"]
    caught = (
        f"catches up {runs} missed {'slot' if runs == 1 else 'slots'} of the last {span(policy['catch_up_age_max_s'])}"
    )
    return f"{every}; {tries}; {caught if runs else 'catches up nothing'}; {overlap.get(policy['overlap'], 'overlaps')}"
