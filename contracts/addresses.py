"""Addresses as they may be shown: a URL often carries who asks, and with which password."""

from __future__ import annotations


def shown(url: str) -> str:
    """The URL without user, password and query.

    All before the last @ goes, so that a password whose own @ or / should have been escaped does not show either.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0]


def user_of(url: str) -> str | None:
    """Who asks, when the URL says it with a password; a name alone is a token to some servers, and no name."""
    user, separator, _ = url.partition("://")[2].rpartition("@")[0].partition(":")
    return user if separator and user else None
