"""The errors of the program, one tree with three branches.

    EchoraError
    ├── Transient            try again; carries when
    │   ├── Outage           a dependency is down: never counts as a failed attempt of a message
    │   └── Awaited          something must arrive first (an update before its anime)
    ├── Permanent            trying again cannot help; goes to the dead letters
    │   ├── Refused          a record or field breaks a rule; names both
    │   └── Abandoned        nobody settled the message as often as the server delivers it
    └── Poison               the bytes cannot be read at all

Errors of libraries are translated into these at the edge of the store, source or index where they arise.
"""

from __future__ import annotations


class EchoraError(Exception):
    """Base of everything the program raises on purpose."""


class Transient(EchoraError):
    """The same work may succeed later. `retry_after_s` is a wish in seconds, None leaves the delay to the policy."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Outage(Transient):
    """A dependency (PostgreSQL, NATS, the index, a source) does not answer; `dependency` names which one."""

    def __init__(self, dependency: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{dependency} is not available: {message}", retry_after_s=retry_after_s)
        self.dependency = dependency


class Awaited(Transient):
    """The message is fine but came before what it refers to; it waits a bounded number of attempts."""


class Permanent(EchoraError):
    """The work can never succeed as it stands."""


class Refused(Permanent):
    """A record breaks a rule. `record` says which one, `field` where in it, `reason` what to change."""

    def __init__(self, record: str, field: str, reason: str) -> None:
        super().__init__(f"{record}: {field}: {reason}" if field else f"{record}: {reason}")
        self.record = record
        self.field = field
        self.reason = reason


class Abandoned(Permanent):
    """The server gave the message up: whoever took it died or hung each time, or a client terminated it."""


class Poison(EchoraError):
    """The bytes of a message are not what its subject promises."""
