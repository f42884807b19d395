"""Policies that differ from the table: by a setting for a whole workflow, or by a row for one entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from contracts.workflow import Overlap, Policy, Workflow

_NAMES = tuple(field.name for field in fields(Policy))


def changed(policy: Policy, changes: Mapping[str, Any] | None) -> Policy:
    """The policy with some of its values changed. Raises ValueError that names a wrong name or value."""
    if not changes:
        return policy
    unknown = sorted(changes.keys() - set(_NAMES))
    if unknown:
        raise ValueError(f"policy: there is no {unknown[0]}; its values are {', '.join(_NAMES)}")
    values = dict(changes)
    if "overlap" in values:
        values["overlap"] = _overlap(values["overlap"])
    if "interval_s" in values and (values["interval_s"] is None) != (policy.interval_s is None):
        raise ValueError(
            "policy: interval_s cannot be given to a workflow whose looks are planned one by one"
            if policy.interval_s is None
            else "policy: interval_s cannot be none: nobody else plans the looks of this workflow"
        )
    return replace(policy, **values)


def differing(policy: Policy, changes: Mapping[str, Any] | None) -> Policy:
    """The policy of a row with one of its own. That was checked when it was set, and counts only while it is valid."""
    try:
        return changed(policy, changes)
    except ValueError:
        return policy


def _overlap(said: Any) -> Overlap:
    try:
        return Overlap(said)
    except ValueError:
        raise ValueError(f"policy: overlap is {said!r}; it must be {' or '.join(Overlap)}") from None


def configured(workflows: Mapping[str, Workflow], changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Workflow]:
    """The table as the settings want it: {"score_sync": {"phase_s": 7200}}. Raises ValueError for an unknown name."""
    unknown = sorted(changes.keys() - workflows.keys())
    if unknown:
        raise ValueError(f"there is no workflow {unknown[0]}; there are {', '.join(workflows)}")
    return {
        name: replace(workflow, policy=changed(workflow.policy, changes.get(name)))
        for name, workflow in workflows.items()
    }
