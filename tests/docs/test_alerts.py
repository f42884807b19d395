"""docs/alerts.md says what to do about every alert, and what every metric counts."""

from __future__ import annotations

import ast

import pytest

from streams.alerts import AlertKind
from tests.architecture.source import calls, dotted, trees
from tests.docs.examples import ROOT, pages

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
METERS = {"Counter", "Gauge", "Histogram"}


def metrics() -> dict[str, list[str]]:
    """Every metric that the source declares, with its labels."""
    found: dict[str, list[str]] = {}
    for tree in trees().values():
        for call in calls(tree):
            first = call.args[0] if call.args else None
            if dotted(call.func) in METERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found[first.value] = ast.literal_eval(call.args[2]) if len(call.args) > 2 else []
    return found


@pytest.mark.parametrize("kind", AlertKind)
def test_every_alert_has_a_section_that_says_what_to_do(kind: AlertKind) -> None:
    _, heading, rest = PAGE.partition(f"\n## `{kind}`\n")
    assert heading, f"docs/alerts.md has no section about {kind}"
    assert len(rest.partition("\n## ")[0].split()) > 40


def test_every_metric_is_on_a_page_with_its_labels() -> None:
    assert metrics().keys() >= {"echora_alerts_total", "echora_broker_full", "echora_schedule_late_seconds"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages())
    rows = [f"| `{name}{{{','.join(labels)}}}` |" for name, labels in metrics().items()]
    assert [row for row in rows if row not in text] == []
