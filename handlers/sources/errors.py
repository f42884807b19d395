"""What can go wrong with a source, as branches of the program's tree of errors.

Transient
├── Throttled     the service said "later"; never a failure of the service, nor of what was asked
└── Unreadable    the service answered with something that is not its dialect (HTML, half a body, another id)
Permanent
├── NotFound      the service does not know the id; remembered for a short time
└── NotOffered    the source cannot give what was asked for, or is switched off
"""

from __future__ import annotations

from contracts.errors import Permanent, Transient


class Throttled(Transient):
    """429, or its like. `retry_after_s` is what the service told, None when it told nothing."""


class Unreadable(Transient):
    """A body that cannot be read: HTML in the place of JSON, a body cut off, an answer about something else."""


class NotFound(Permanent):
    """The source does not know this id."""


class NotOffered(Permanent):
    """The source does not give this kind of thing, or it is switched off by its policy."""
