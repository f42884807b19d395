"""The count of requests on trial: what fits a budget is found sound, and what does not is found out."""

from __future__ import annotations

import pytest

from handlers.sources.policy import SourcePolicy
from tests.faults.harness.budgets import Allowance, allowances, fullest, overrun

TWO_A_SECOND = Allowance(2, 1.0)


@pytest.mark.parametrize(
    ("times", "most"), [([], 0), ([5.0], 1), ([0.0, 1.0, 2.0], 1), ([0.0, 0.5, 0.9, 1.0], 3), ([0.9, 0.0, 0.5], 3)]
)
def test_the_fullest_second(times: list[float], most: int) -> None:
    assert fullest(times, 1.0) == most


def test_what_keeps_to_its_budget_is_sound() -> None:
    assert overrun([0.0, 0.0, 1.0, 1.0, 2.0, 2.1], TWO_A_SECOND, 0.0) is None


def test_what_left_late_is_sound_within_the_allowance_for_that() -> None:
    assert overrun([0.25, 0.25, 1.0, 1.0], TWO_A_SECOND, 0.3) is None
    assert overrun([0.25, 0.25, 1.0, 1.0], TWO_A_SECOND, 0.0) is not None


def test_one_request_too_many_is_found() -> None:
    words = overrun([0.0, 1.0, 1.0, 1.1], TWO_A_SECOND, 0.3)
    assert words == "3 requests within 0.7 s, 2 in 1 s are allowed"


def test_a_policy_allows_what_it_says() -> None:
    policy = SourcePolicy("https://x.example", rate_per_s=2, rate_per_min=50)
    assert list(allowances(policy)) == [TWO_A_SECOND, Allowance(50, 60.0)]
    assert list(allowances(SourcePolicy("https://x.example"))) == []
