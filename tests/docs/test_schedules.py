"""docs/schedules.md names every workflow with the policy that it has, and every figure that is measured."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from contracts.workflow import MissReason
from handlers.update.workflows import WORKFLOWS
from streams import schedule_metrics
from streams.cli.schedule_words import policy_in_words
from streams.delivery import metrics
from tests.docs.examples import ROOT

PAGE = (ROOT / "docs" / "schedules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_table_of_policies_is_the_programs(name: str) -> None:
    workflow = WORKFLOWS[name].workflow
    assert f"| `{name}` | {workflow.description} | {policy_in_words(asdict(workflow.policy))} |" in PAGE


def test_the_metrics_are_named_with_their_labels() -> None:
    gauges = (schedule_metrics.DUE, schedule_metrics.LATE, schedule_metrics.PAUSED, schedule_metrics.MISSED)
    counted = (metrics.LOOKS, metrics.MISSES, metrics.LATENESS)
    for one in (*gauges, *counted):
        (family,) = one.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"| `{name}{{{','.join(one._labelnames)}}}` |" in PAGE, name


def test_every_reason_of_a_miss_is_explained() -> None:
    assert [reason for reason in MissReason if f"| `{reason}` |" not in PAGE] == []
