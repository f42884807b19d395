"""Sending one call with patience: turns, breaker, retries with backoff and jitter, and waiting when told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx
import tenacity

from contracts.clock import Clock
from contracts.errors import EchoraError, Outage, Permanent, Transient
from handlers.sources.breaker import Breaker
from handlers.sources.errors import Throttled
from handlers.sources.faults import retry_after_s
from handlers.sources.gate import Gate, Priority
from handlers.sources.http import Http
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Call, Reply, SourceAdapter

REDIRECTS_MAX: Final = 3
# Called with the source's name and how an exchange ended: ok, redirected, or the name of the error's class.
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
            try:
                return await self._followed(call, priority)
            except Throttled as throttled:
                told_s = throttled.retry_after_s
        raise Throttled(
            f"{self.adapter.name} said `later` {self.policy.throttles_max} times in a row", retry_after_s=told_s
        )

    async def _followed(self, call: Call, priority: Priority) -> Reply:
        """The reply, past redirects. Each is a request to the source like any other, so it takes a turn of its own."""
        request = self.http.request(call)
        for _ in range(1 + REDIRECTS_MAX):
            self.breaker.check()
            async with self.gate.turn(priority):
                answer = await self._once(request)
            if isinstance(answer, Reply):
                return answer
            request = answer
        raise Permanent(f"{self.adapter.name} redirected more than {REDIRECTS_MAX} times")

    async def _once(self, request: httpx.Request) -> Reply | httpx.Request:
        try:
            async with self.breaker.guard():
                answer = await self.http.send(request)
                fault = self.adapter.fault(answer) if isinstance(answer, Reply) else None
                if isinstance(answer, Reply) and fault is not None:
                    raise self._timed(fault, answer)
        except EchoraError as error:
            self.meter(self.adapter.name, type(error).__name__)
            if isinstance(error, Throttled):
                # Everybody who wants this source waits, not only this request.
                error.retry_after_s = (
                    self.policy.throttle_default_s if error.retry_after_s is None else error.retry_after_s
                )
                self.gate.pause(error.retry_after_s)
            if isinstance(error, Outage) and not self.breaker.opened:
                # The service is shut to us (403): more knocking would not help, and may be taken amiss.
                self.breaker.open()
            if self.breaker.opened:
                self.gate.refuse(self.breaker.outage(self.policy.open_s))
            raise
        self.meter(self.adapter.name, "ok" if isinstance(answer, Reply) else "redirected")
        return answer

    def _timed(self, fault: EchoraError, reply: Reply) -> EchoraError:
        told_s = retry_after_s(reply.headers, self.clock.now())
        if isinstance(fault, Transient) and told_s is not None:
            fault.retry_after_s = told_s
        return fault
