"""What mends by itself, as one part to start and stop: the index, and the streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from streams.broker import connection
from streams.http.services import Reconcile, Reindex, Republish
from streams.losses import Losses, republish
from streams.reconcile import Reconciling, reports
from streams.reindex import Reindexing
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.graph import Graph


@dataclass(slots=True)
class Healing:
    """The loops of this process, and what it offers over HTTP by its roles."""

    settings: Settings
    reconciling: Reconciling
    losses: Losses
    reindexing: Reindexing

    @classmethod
    def of(cls, graph: Graph) -> Self:
        """The loops around a wired graph; nothing is started."""

        def client() -> Any:
            return connection(graph.broker)

        publisher = graph.runtime.settler.publisher
        runtime = graph.runtime
        return cls(
            graph.settings,
            Reconciling(runtime, client),
            Losses(runtime, client, publisher),
            Reindexing(runtime),
        )

    def start(self) -> None:
        """Begin what the roles of this process want."""
        if self.settings.runs("relay"):
            self.losses.start()
        if self.settings.runs("index"):
            self.reconciling.start()
        if self.settings.runs("index") or self.settings.runs("search"):
            self.reindexing.start()

    async def stop(self) -> None:
        """End."""
        await self.reindexing.stop()
        await self.reconciling.stop()
        await self.losses.stop()

    @property
    def reconcile(self) -> Reconcile | None:
        """Comparing rows and points, where the index is."""
        return self._compare if self.settings.runs("index") else None

    @property
    def reindex(self) -> Reindex | None:
        """Another model, where the index is."""
        return self.reindexing if self.settings.runs("index") else None

    @property
    def republish(self) -> Republish | None:
        """Sending again, where the relay is."""
        return self._send_again if self.settings.runs("relay") else None

    def _compare(self, *, is_dry: bool, repairs_max: int) -> AsyncIterator[Mapping[str, Any]]:
        return reports(self.reconciling, is_dry=is_dry, repairs_max=repairs_max)

    async def _send_again(self, since: str, subjects: Sequence[str] | None, *, is_dry: bool) -> Mapping[str, int]:
        return await republish(self.losses.runtime, since, subjects, is_dry=is_dry)
