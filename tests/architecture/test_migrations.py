"""Steps of the schema stand in one line: two that were written at once would leave the program without a start."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT

VERSIONS = ROOT / "streams" / "database" / "migrations" / "versions"


def steps() -> dict[str, str | None]:
    """Each revision's predecessor."""
    found: dict[str, str | None] = {}
    for path in sorted(VERSIONS.glob("*.py")):
        said = dict(re.findall(r'^(revision|down_revision) = (?:"(\d{4})"|None)', path.read_text(), re.MULTILINE))
        assert path.name.startswith(f"{said['revision']}_"), path.name
        assert path.with_suffix(".sql").exists(), path.name
        assert said["revision"] not in found, f"two steps are called {said['revision']}"
        found[said["revision"]] = said["down_revision"] or None
    return found


def test_every_step_follows_the_one_before_it() -> None:
    revisions = sorted(steps())
    assert list(steps().items()) == list(zip(revisions, [None, *revisions[:-1]], strict=True))
