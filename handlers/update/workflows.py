"""Every workflow there is. A new one is a file in flows/ and one line here."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from handlers.update.flows.character_refresh import CHARACTER_REFRESH
from handlers.update.flows.episode_air_tracking import EPISODE_AIR_TRACKING
from handlers.update.flows.metadata_refresh import METADATA_REFRESH
from handlers.update.flows.schedule_rebuild import SCHEDULE_REBUILD
from handlers.update.flows.score_sync import SCORE_PART, SCORE_SYNC
from handlers.update.flows.status_check import STATUS_CHECK
from handlers.update.look import Flow

_ALL: Final[tuple[Flow, ...]] = (
    EPISODE_AIR_TRACKING,
    SCORE_SYNC,
    SCORE_PART,
    CHARACTER_REFRESH,
    METADATA_REFRESH,
    STATUS_CHECK,
    SCHEDULE_REBUILD,
)

WORKFLOWS: Final = MappingProxyType({flow.workflow.name: flow for flow in _ALL})
