"""Every workflow there is. A new one is a file in flows/ and one line here."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from contracts.workflow import Workflow
from handlers.update.flows.character_refresh import CHARACTER_REFRESH
from handlers.update.flows.episode_air_tracking import EPISODE_AIR_TRACKING
from handlers.update.flows.metadata_refresh import METADATA_REFRESH
from handlers.update.flows.score_sync import SCORE_SYNC
from handlers.update.flows.status_check import STATUS_CHECK

_ALL: Final[tuple[Workflow, ...]] = (
    EPISODE_AIR_TRACKING,
    SCORE_SYNC,
    CHARACTER_REFRESH,
    METADATA_REFRESH,
    STATUS_CHECK,
)

WORKFLOWS: Final = MappingProxyType({workflow.name: workflow for workflow in _ALL})
