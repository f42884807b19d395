"""Waits and limits of consumers that settings may change, so that tests of failure need not wait for half a minute."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streams.topology import UNTIL_SETTLED, ConsumerSpec


@dataclass(frozen=True, slots=True)
class Tuning:
    """What replaces the topology's values in every consumer; None leaves each its own."""

    ack_wait_s: float | None = None
    max_deliver: int | None = None

    def of(self, consumer: ConsumerSpec) -> ConsumerSpec:
        """The consumer as this process runs it."""
        # What must never be given up by the server stays so.
        is_bounded = self.max_deliver is not None and consumer.max_deliver < UNTIL_SETTLED
        return replace(
            consumer,
            ack_wait_s=consumer.ack_wait_s if self.ack_wait_s is None else self.ack_wait_s,
            max_deliver=self.max_deliver if is_bounded and self.max_deliver else consumer.max_deliver,
        )
