"""External ids: which anime has which, and that no two have the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from contracts.errors import Refused
from handlers.persist.rows import Entity
from handlers.persist.sql import query
from handlers.postgres import Connection

Reference = tuple[str, str]


@dataclass(slots=True)
class Owners:
    """Which anime has each external id: those with a row, and those that the running batch brings."""

    known: dict[Reference, UUID]
    claimed: dict[Reference, UUID] = field(default_factory=dict)

    def check(self, label: str, field_name: str, anime_id: UUID, external_ids: Mapping[str, str]) -> None:
        """Raises Refused when one of the ids belongs to another anime."""
        for reference in external_ids.items():
            owner = self.known.get(reference) or self.claimed.get(reference)
            if owner is not None and owner != anime_id:
                raise Refused(
                    label,
                    f"{field_name}.{reference[0]}",
                    f"{reference[1]} belongs to anime {owner} already; correct the id or delete the other record",
                )

    def claim(self, anime_id: UUID, external_ids: Mapping[str, str]) -> None:
        """From now on in this batch the ids belong to that anime."""
        self.claimed.update(dict.fromkeys(external_ids.items(), anime_id))


async def read_owners(connection: Connection, references: Iterable[Reference]) -> Owners:
    """Who has these external ids now."""
    wanted = sorted(set(references))
    if not wanted:
        return Owners({})
    rows = await connection.fetch(
        query("reference_owners"), [source for source, _ in wanted], [external for _, external in wanted]
    )
    return Owners({(row["source"], row["external_id"]): row["owner"] for row in rows})


async def write_references(connection: Connection, entities: Sequence[Entity]) -> None:
    """Make the references of these anime equal to their external ids, and resolve the edges that waited for them."""
    changed = [entity for entity in entities if "external_ids" in entity.held.changed]
    if not changed:
        return
    current = [
        (entity.id, source, external_id)
        for entity in changed
        for source, external_id in (entity.held.values.get("external_ids") or {}).items()
    ]
    await connection.execute(
        query("replace_references"),
        [anime_id for anime_id, _, _ in current],
        [source for _, source, _ in current],
        [external_id for _, _, external_id in current],
        [entity.id for entity in changed],
    )
