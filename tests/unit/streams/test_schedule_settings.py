"""Each setting of schedules and looks arrives where it counts, and what nobody sets is as the specification has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.errors import Permanent
from contracts.observation import Kind
from contracts.workflow import DAY_S, HOUR_S, Overlap, Policy
from handlers.update.breaker import BreakerPolicy
from handlers.update.episodes import Confirmation
from handlers.update.look import Wishes
from handlers.update.workflows import WORKFLOWS
from streams.broker import Pullers
from streams.clock import SystemClock
from streams.look_settings import build_looks
from streams.looks import Looks
from streams.runtime import Runtime
from streams.scheduling import schedule_store
from streams.settings import Settings
from streams.topology import ConsumerSpec
from streams.update import subscribe


class Lines:
    """Sources that count how many are asked at once."""

    def __init__(self) -> None:
        self.lines: dict[str, Any] = {}
        self.asked = self.most = 0

    async def fetch(self, *_: Any, **__: Any) -> None:
        self.asked += 1
        self.most = max(self.most, self.asked)
        await asyncio.sleep(0)
        self.asked -= 1


def settings(**given: str) -> Settings:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in given.items():
            environment.setenv(name, value)
        return Settings(_env_file=None)  # type: ignore[call-arg]


def policies(**given: str) -> dict[str, Policy]:
    table = schedule_store(settings(**given), SystemClock()).workflows
    return {name: workflow.policy for name, workflow in table.items()}


def runtime(sources: Lines | None = None, **given: str) -> Runtime:
    known = SimpleNamespace(
        settings=settings(**given),
        calendar=SystemClock(),
        pool=None,
        sources=sources or Lines(),
        alerts=None,
        settler=SimpleNamespace(stopping=asyncio.Event()),
    )
    return cast("Runtime", known)


def looks(sources: Lines | None = None, **given: str) -> Looks:
    return build_looks(runtime(sources, **given), lambda: cast("Any", None))


def batches(**given: str) -> set[int]:
    found: dict[str, int] = {}

    class Declared:
        def subscriber(self, consumer: ConsumerSpec, batch_max: int) -> Callable[[Any], Any]:
            found[consumer.name] = batch_max
            return lambda handler: handler

    subscribe(cast("Pullers", Declared()), runtime(**given))
    assert len(found) == len(WORKFLOWS)
    return set(found.values())


def test_without_settings_everything_is_as_the_specification_has_it() -> None:
    built = looks()
    assert built.wishes == Wishes(7, Confirmation.ONE, Decimal("0.1"), 90)
    assert built.breaker == BreakerPolicy()
    assert built.store.horizon == timedelta(hours=24)
    assert policies() == {name: flow.workflow.policy for name, flow in WORKFLOWS.items()}
    episodes = policies()["episode_air_tracking"]
    assert (episodes.retries_max, episodes.retry_wait_s) == (3, 2 * HOUR_S)
    assert policies()["score_sync"].phase_s == 6 * HOUR_S
    assert batches() == {100}
    assert settings().update_fetches_max == 50


@pytest.mark.parametrize(
    ("name", "value", "wishes"),
    [
        ("EPISODE_WINDOW_DAYS", "3", Wishes(episode_window_days=3)),
        ("EPISODE_CONFIRMATION", "majority", Wishes(confirmation=Confirmation.MAJORITY)),
        ("SCORE_DELTA_THRESHOLD", "0.25", Wishes(score_threshold=Decimal("0.25"))),
        ("SCORE_SYNC_LOOKBACK_DAYS", "30", Wishes(score_lookback_days=30)),
    ],
)
def test_what_looks_wish_for(name: str, value: str, wishes: Wishes) -> None:
    assert looks(**{name: value}).wishes == wishes


@pytest.mark.parametrize(
    ("name", "value", "breaker"),
    [
        ("BREAKER_WINDOW_H", "2", BreakerPolicy(window_s=7_200)),
        ("BREAKER_TITLES_MIN", "50", BreakerPolicy(titles_min=50)),
        ("BREAKER_RISKY_SHARE", "0.5", BreakerPolicy(risky_share_max=0.5)),
        ("BREAKER_BLANKED_SHARE", "0.3", BreakerPolicy(blanked_share_max=0.3)),
    ],
)
def test_when_a_source_is_stopped(name: str, value: str, breaker: BreakerPolicy) -> None:
    assert looks(**{name: value}).breaker == breaker


def test_how_far_ahead_nats_holds_timers() -> None:
    assert looks(TIMER_HORIZON_H="1.5").store.horizon == timedelta(minutes=90)


def test_how_often_an_episode_is_looked_for_again_and_when_scores_are_synced() -> None:
    own = policies(EPISODE_MAX_RETRIES="5", EPISODE_RETRY_WAIT_HOURS="0.5", SCORE_SYNC_HOUR="22")
    assert (own["episode_air_tracking"].retries_max, own["episode_air_tracking"].retry_wait_s) == (5, 1_800)
    assert own["score_sync"].phase_s == 22 * HOUR_S
    untouched = own.keys() - {"episode_air_tracking", "score_sync"}
    assert {name: own[name] for name in untouched} == {name: policies()[name] for name in untouched}


def test_any_part_of_any_policy_and_it_goes_before_the_other_settings() -> None:
    daily = '{"interval_s": 86400, "jitter_s": 3600, "overlap": "skip"}'
    wanted = f'{{"metadata_refresh": {daily}, "score_sync": {{"phase_s": 60}}}}'
    own = policies(SCHEDULE_POLICIES=wanted, SCORE_SYNC_HOUR="22")
    metadata = own["metadata_refresh"]
    assert (metadata.interval_s, metadata.jitter_s, metadata.overlap) == (DAY_S, HOUR_S, Overlap.SKIP)
    assert own["score_sync"].phase_s == 60


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ('{"nightly": {}}', "there is no workflow nightly; there are episode_air_tracking, "),
        ('{"score_sync": {"hour": 6}}', "there is no hour; its values are interval_s, "),
        ('{"score_sync": {"overlap": "both"}}', "overlap is 'both'; it must be skip or buffer_one"),
        ('{"score_sync": {"retries_max": "three"}}', "retries_max is 'three'; it must be a number"),
        ('{"score_sync": {"retries_max": 1.5}}', "retries_max is 1.5; it must be a whole number"),
        ('{"status_check": {"interval_s": 86400}}', "jitter beyond the interval"),
        ('{"score_sync": {"interval_s": null}}', "nobody else plans the looks of this workflow"),
        ('{"score_part": {"interval_s": 60}}', "whose looks are planned one by one"),
        ('{"score_sync": {"retries_max": true}}', "retries_max is True; it must be a number"),
        ('{"score_sync": {"jitter_s": null}}', "jitter_s is None; it must be a number"),
    ],
)
def test_a_policy_that_cannot_be_is_named(wanted: str, why: str) -> None:
    with pytest.raises(Permanent) as refused:
        policies(SCHEDULE_POLICIES=wanted)
    assert str(refused.value).startswith("SCHEDULE_POLICIES: ")
    assert why in str(refused.value)


def test_a_wait_between_looks_that_is_too_short_is_refused_by_its_own_name() -> None:
    with pytest.raises(
        Permanent, match=r"^EPISODE_RETRY_WAIT_HOURS: policy: retry_wait_s is 0\.36\d*; it must be from 1 "
    ):
        policies(EPISODE_RETRY_WAIT_HOURS="0.0001")


def test_how_many_looks_of_a_workflow_are_under_way_at_once() -> None:
    assert batches(UPDATE_LOOKS_MAX="7") == {7}


async def test_how_many_questions_wait_at_sources_at_once() -> None:
    sources = Lines()
    fetch = looks(sources, UPDATE_FETCHES_MAX="3").tools().fetch
    await asyncio.gather(*(fetch("jikan", Kind.ANIME, ["1"], None, urgent=False, fresh=False) for _ in range(20)))
    assert sources.most == 3
