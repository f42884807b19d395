"""Settings of the flow: how much at once, how fast, how long things are kept, and how a stop goes."""

from __future__ import annotations

from pydantic import BaseModel, Field


class FlowSettings(BaseModel):
    """Batches, rates and retention."""

    persist_batch: int = Field(
        200, ge=1, le=2_000, alias="PERSIST_BATCH", description="Messages that one transaction takes at most."
    )
    enriched_batch: int = Field(
        20, ge=1, le=200, alias="ENRICHED_BATCH", description="Whole records that one transaction takes at most."
    )
    index_batch: int = Field(
        500, ge=1, le=2_000, alias="INDEX_BATCH", description="Messages that one index update takes at most."
    )
    relay_batch: int = Field(
        1_000, ge=1, le=4_000, alias="RELAY_BATCH", description="Outbox rows that are published before they are marked."
    )
    relay_poll_s: float = Field(
        1.0, gt=0, le=60, alias="RELAY_POLL_S", description="Seconds between two looks at the outbox without a notice."
    )
    outbox_retention_days: float = Field(
        7, gt=0, alias="OUTBOX_RETENTION_DAYS", description="Days that sent outbox rows are kept."
    )
    inbox_retention_days: float = Field(
        37,
        ge=31,
        alias="INBOX_RETENTION_DAYS",
        description="Days that handled event ids are kept (letters: 30).",
    )
    reconcile_hour: int = Field(
        3, ge=0, le=23, alias="RECONCILE_HOUR", description="Hour (UTC) of the nightly comparison of rows and index."
    )
    reindex_per_s: float = Field(
        200, gt=0, le=100_000, alias="REINDEX_PER_S", description="Texts that a reindex embeds a second at most."
    )
    repairs_per_s: float = Field(
        200, gt=0, le=100_000, alias="REPAIRS_PER_S", description="Repairs that are queued a second at most."
    )
    review_expiry_days: float = Field(
        30, gt=0, alias="REVIEW_EXPIRY_DAYS", description="Days that a held change waits for a person, then it expires."
    )
    shutdown_grace_s: float = Field(
        3.0, gt=0, le=300, alias="SHUTDOWN_GRACE_S", description="Seconds that a stop waits for work in hand."
    )
