"""Whether a source was asked more often than its budget allows, told from when it was asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.sources.policy import SourcePolicy


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


def allowances(policy: SourcePolicy) -> Iterator[Allowance]:
    """What the budget of a source allows."""
    if policy.rate_per_s:
        yield Allowance(policy.rate_per_s, 1.0)
    if policy.rate_per_min:
        yield Allowance(policy.rate_per_min, 60.0)


def fullest(times: Sequence[float], seconds: float) -> int:
    """The most requests in any window of that length; two that lie exactly so far apart are not in one."""
    ordered, first, most = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def overrun(times: Sequence[float], allowed: Allowance, late_s: float) -> str | None:
    """The sentence about an exceeded budget.

    Between its turn and its leaving a request may have waited up to `late_s` while its successors were faster, so the
    windows that are looked at are that much shorter.
    """
    seconds = allowed.seconds - late_s
    most = fullest(times, seconds)
    if most <= allowed.count:
        return None
    return f"{most} requests within {seconds:g} s, {allowed.count} in {allowed.seconds:g} s are allowed"
