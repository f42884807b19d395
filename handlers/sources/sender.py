"""Sending one call with patience: turns, breaker, retries with backoff and jitter, and waiting when told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from contracts.clock import Clock
from contracts.errors import EchoraError, Outage, Transient
from handlers.sources.breaker import Breaker
from handlers.sources.errors import Throttled
from handlers.sources.faults import retry_after_s
from handlers.sources.gate import Gate, Priority
from handlers.sources.http import Http
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Call, Reply, SourceAdapter

# Called with the source's name and how an exchange ended: ok, or the name of the error's class.
Meter = Callable[[str, str], None]


def _worth_another(error: BaseException) -> bool:
    # An outage is the breaker's word, and a throttle has already been waited for as often as the policy allows.
    return isinstance(error, Transient) and not isinstance(error, Outage | Throttled)


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the calls of one source. All waits run on the clock."""

    adapter: SourceAdapter
    policy: SourcePolicy
    http: Http
    gate: Gate
    breaker: Breaker
    clock: Clock
    meter: Meter

    async def send(self, call: Call, priority: Priority) -> Reply:
        """A good reply, or the error that is left when patience is over."""
        backoff = tenacity.wait_random_exponential(multiplier=self.policy.backoff_s, max=self.policy.backoff_max_s)

        def wait_s(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            told = error.retry_after_s if isinstance(error, Transient) else None
            return max(backoff(state), told or 0.0)

        retrying = tenacity.AsyncRetrying(
            sleep=self.clock.sleep,
            stop=tenacity.stop_after_attempt(self.policy.attempts),
            wait=wait_s,
            retry=tenacity.retry_if_exception(_worth_another),
            reraise=True,
        )
        reply: Reply = await retrying(self._patiently, call, priority)
        return reply

    async def _patiently(self, call: Call, priority: Priority) -> Reply:
        told_s: float | None = None
        for _ in range(self.policy.throttles_max):
            self.breaker.check()
            async with self.gate.turn(priority):
                try:
                    return await self._once(call)
                except Throttled as throttled:
                    # Everybody who wants this source waits, not only this request.
                    told_s = (
                        self.policy.throttle_default_s if throttled.retry_after_s is None else throttled.retry_after_s
                    )
                    self.gate.pause(told_s)
        raise Throttled(
            f"{self.adapter.name} said `later` {self.policy.throttles_max} times in a row", retry_after_s=told_s
        )

    async def _once(self, call: Call) -> Reply:
        try:
            async with self.breaker.guard():
                reply = await self.http.send(call)
                fault = self.adapter.fault(reply)
                if fault is not None:
                    raise self._timed(fault, reply)
        except EchoraError as error:
            self.meter(self.adapter.name, type(error).__name__)
            if isinstance(error, Outage) and not self.breaker.opened:
                # The service is shut to us (403): more knocking would not help, and may be taken amiss.
                self.breaker.open()
            if self.breaker.opened:
                self.gate.refuse(self.breaker.outage(self.policy.open_s))
            raise
        self.meter(self.adapter.name, "ok")
        return reply

    def _timed(self, fault: EchoraError, reply: Reply) -> EchoraError:
        told_s = retry_after_s(reply.headers, self.clock.now())
        if isinstance(fault, Transient) and told_s is not None:
            fault.retry_after_s = told_s
        return fault
