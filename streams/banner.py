"""The few lines that a person sees when the program is up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.graph import Graph


def welcome(graph: Graph, *, with_demo: bool) -> None:
    """Print where it is, what runs embedded, which model embeds, and what to try next."""
    print("\n".join(lines(graph, with_demo=with_demo)), file=sys.stderr, flush=True)  # noqa: T201 - for people


def lines(graph: Graph, *, with_demo: bool) -> list[str]:
    """The lines, for a terminal."""
    settings, runtime = graph.settings, graph.runtime
    address = f"http://{settings.http_host}:{settings.http_port}"
    embedded = ", ".join(settings.embedded)
    said = ["", f"Echora Streams {runtime.versions.get('echora', '')} is up: {address}  (pages: {address}/docs)"]
    if embedded:
        said.append(f"  embedded in {settings.home}: {embedded}")
    if runtime.has_index:
        said.append(f"  texts are embedded by {runtime.embedder.model}")
    if with_demo:
        said.append("  the database was empty, so the demo catalogue is being loaded; its first texts take a moment")
    said += [
        '  try:  .venv/bin/echora search "a boxer\'s son who is failing at school"',
        "        .venv/bin/echora status",
        "        .venv/bin/echora ingest FILE.json",
        "  Ctrl-C stops it.",
        "",
    ]
    return said
