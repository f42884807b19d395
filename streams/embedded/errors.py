"""What can go wrong with the data folder and the servers in it; each message is one line for the terminal."""

from __future__ import annotations

from contracts.errors import Permanent


class EmbeddedError(Permanent):
    """Base of the errors of the embedded servers."""


class HomeUnusable(EmbeddedError):
    """The data folder cannot be created, read or locked; the message names it and says what to change."""


class HomeInUse(EmbeddedError):
    """Another process holds the data folder; the message names the folder, the process and the way out."""


class ServerMissing(EmbeddedError):
    """The program of an embedded server is not installed, or cannot run under this account."""


class ServerFailed(EmbeddedError):
    """A server ended or did not answer while it was being started; the message ends with its last words."""
