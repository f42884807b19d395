"""The command line. It speaks to the running program over HTTP and imports nothing heavy until a command needs it."""

from __future__ import annotations


def main() -> None:
    """Run `echora`."""
    from streams.cli.application import app

    app()
