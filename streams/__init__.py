"""The graph: which subject feeds which room, and what comes out.

`faststream run streams:app` asks for the attribute `app`. It is built when it is asked for, not when the package is
imported, because building it reads the settings and takes the lock of the data folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.application import EchoraApplication

    app: EchoraApplication


def __getattr__(name: str) -> object:
    if name != "app":
        raise AttributeError(f"module 'streams' has no attribute {name!r}")
    from streams.compose import application

    globals()["app"] = application()
    return globals()["app"]
