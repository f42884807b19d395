"""Settings of schedules and looks: when what is looked at, and when a source is stopped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from handlers.update.episodes import Confirmation


class ScheduleSettings(BaseModel):
    """When it is looked, how often again, and whom to believe."""

    timer_horizon_h: float = Field(
        24, gt=0, le=24 * 30, alias="TIMER_HORIZON_H", description="Hours ahead of which NATS holds timers."
    )
    episode_window_days: int = Field(
        7, ge=1, le=60, alias="EPISODE_WINDOW_DAYS", description="Days ahead that the nightly rebuild plans air times."
    )
    episode_max_retries: int = Field(
        3, ge=0, le=50, alias="EPISODE_MAX_RETRIES", description="Retries before an air window is skipped, and said so."
    )
    episode_retry_wait_hours: float = Field(
        2, gt=0, le=168, alias="EPISODE_RETRY_WAIT_HOURS", description="Hours between two looks for one episode."
    )
    episode_confirmation: Confirmation = Field(
        Confirmation.ONE,
        alias="EPISODE_CONFIRMATION",
        description="Who must say that an episode aired: one source, or a majority of the platforms asked.",
    )
    score_sync_hour: int = Field(6, ge=0, le=23, alias="SCORE_SYNC_HOUR", description="UTC hour of the score sync.")
    score_sync_lookback_days: int = Field(
        90, ge=0, le=3_650, alias="SCORE_SYNC_LOOKBACK_DAYS", description="Days that scores are synced after the end."
    )
    score_delta_threshold: Decimal = Field(
        Decimal("0.1"),
        ge=0,
        le=10,
        alias="SCORE_DELTA_THRESHOLD",
        description="How far a mean must have moved, since it was told last, to be told.",
    )
    update_looks_max: int = Field(
        100, ge=1, le=1_000, alias="UPDATE_LOOKS_MAX", description="Looks of one workflow that are under way at once."
    )
    update_fetches_max: int = Field(
        50, ge=1, le=1_000, alias="UPDATE_FETCHES_MAX", description="Questions to sources that wait at once."
    )
    schedule_policies: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        alias="SCHEDULE_POLICIES",
        description='Parts of workflows\' policies as JSON, e.g. {"metadata_refresh": {"interval_s": 1209600}}.',
    )
    breaker_window_h: float = Field(
        6, gt=0, le=720, alias="BREAKER_WINDOW_H", description="Hours over which a source's risky changes are counted."
    )
    breaker_titles_min: int = Field(
        20, ge=2, le=100_000, alias="BREAKER_TITLES_MIN", description="Titles looked at before a source may be stopped."
    )
    breaker_risky_share: float = Field(
        0.25, gt=0, le=1, alias="BREAKER_RISKY_SHARE", description="Share of titles with risky changes that stops them."
    )
    breaker_blanked_share: float = Field(
        0.1, gt=0, le=1, alias="BREAKER_BLANKED_SHARE", description="Share of titles losing a text that stops them."
    )
