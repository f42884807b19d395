"""`make bench`: all figures in one run, as a table for people and as JSON in build/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from bench import embedding, latency, pipeline, requests, rows, steps, ticks, timers
from bench.setup import stage
from streams.log import configure_logging

ON_STAGE = ("pipeline", "steps", "latency")
PARTS = (*ON_STAGE, "embedding", "timers", "rows", "ticks", "requests")


async def _measure(given: argparse.Namespace, say: Callable[[str], None]) -> dict[str, object]:
    parts, anime, events = given.parts, given.anime, given.events
    figures: dict[str, object] = {}
    if set(parts) & set(ON_STAGE):
        with tempfile.TemporaryDirectory(prefix="echora-bench-") as folder:
            say(f"filling a catalogue of {anime} anime")
            async with stage(Path(folder), anime) as ready:
                if "pipeline" in parts:
                    figures |= await pipeline.measure(ready, events, say)
                if "steps" in parts:
                    figures |= await steps.measure(ready, events, say)
                if "latency" in parts:
                    figures |= await latency.measure(ready, say)
    if "embedding" in parts:
        say("texts embedded per second")
        figures["embedding"] = embedding.run()
    if "timers" in parts:
        figures |= await timers.measure(given.timers, say)
    if "rows" in parts:
        figures |= await rows.measure(say)
    if "ticks" in parts:
        figures |= await ticks.measure(say)
    if "requests" in parts:
        figures |= await requests.measure(say)
    return figures


def _table(figures: dict[str, object]) -> Table:
    table = Table("figure", "value")
    for name, value in figures.items():
        if isinstance(value, dict):
            for inner, number in value.items():
                table.add_row(f"{name}.{inner}", _shown(number))
        else:
            table.add_row(name, _shown(value))
    return table


def _shown(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="make bench BENCH=…", description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--anime", type=int, default=36_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--timers", type=int, default=50_000)
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    console = Console()
    configure_logging("console", "warning")
    figures = uvloop.run(_measure(given, lambda text: console.print(f"… {text}")))
    about = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(about | figures, indent=1), encoding="utf-8")
    console.print(_table(about | figures))
    console.print(f"as JSON: {target}")


if __name__ == "__main__":
    main()
