"""A fifth source costs one file and one line in SOURCES: here it is written, registered and asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

ADAPTER = '''
"""A fifth source."""

from contracts.model.anime import AnimeFields
from contracts.observation import Kind
from handlers.sources import faults
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Call, Offer, Page, Said
from handlers.sources.rules import Rule, gives, read_fields, stated

RULES = (Rule("title", ("name",), lambda raw, _: raw["name"]), Rule("year", ("since",), lambda raw, _: raw["since"]))


class Fifth:
    name = "fifth"
    platform = "fifth"
    policy = SourcePolicy(base_url="https://fifth.example/api", rate_per_min=10)
    capability = {Kind.ANIME: Offer(gives(RULES))}

    def calls(self, ask):
        return [Call(f"/shows/{one}", (one,)) for one in ask.ids]

    def page(self, ask, call, reply):
        return Page({call.ids[0]: reply.data})

    def fault(self, reply):
        return None if reply.status == 200 else faults.by_status(self.name, reply.status, "no")

    def said(self, ask, external_id, item, notes, now):
        read = read_fields(item, RULES, AnimeFields, ask.fields, notes)
        return Said(anime=AnimeFields(**read.values), speaks_for=stated(read.values), errors=read.errors)
'''

USE = """
import asyncio, httpx
from contracts.observation import Kind
from handlers.sources.build import build_sources
from handlers.sources.cost import cost_table
from handlers.sources.sources import SOURCES
from streams.clock import SystemClock

def answer(request):
    assert str(request.url) == "https://fifth.example/api/shows/5"
    return httpx.Response(200, json={"name": "Five", "since": 2005})

async def main():
    sources = build_sources(SystemClock(), transport=httpx.MockTransport(answer))
    seen = (await sources.fetch("fifth", Kind.ANIME, ["5"])).observations["5"]
    again = (await sources.fetch("fifth", Kind.ANIME, ["5"])).observations["5"]
    await sources.close()
    assert seen == again
    print(seen.anime.title, seen.anime.year, sorted(seen.speaks_for), list(SOURCES), "fifth" in cost_table(SOURCES))

asyncio.run(main())
"""


def test_a_fifth_source_is_one_file_and_one_line(tmp_path: Path) -> None:
    for folder in ("contracts", "handlers/sources", "streams/clock.py", "handlers/__init__.py"):
        source, target = ROOT / folder, tmp_path / folder
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (tmp_path / "streams/__init__.py").touch()
    (tmp_path / "handlers/sources/fifth.py").write_text(ADAPTER)
    table = tmp_path / "handlers/sources/sources.py"
    before = table.read_text()
    # One line in the table, and the import that names it.
    after = before.replace("    Mal(),\n", "    Mal(),\n    Fifth(),\n").replace(
        "from handlers.sources.jikan", "from handlers.sources.fifth import Fifth\nfrom handlers.sources.jikan"
    )
    assert len(after.splitlines()) == len(before.splitlines()) + 2
    table.write_text(after)
    ended = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "Five 2005 ['title', 'year'] ['jikan', 'anilist', 'kitsu', 'mal', 'fifth'] True"
