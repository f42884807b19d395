"""What a snapshot holds, table by table in the order in which they can be entered, and what it leaves out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contracts import subjects


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is queued for every living entity of a restored section, so that the index and other listeners follow."""

    subject: str
    entity_type: Literal["anime", "character"]
    changed_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One table. `order` makes equal catalogues equal bytes, on a server of any collation.

    `only` and `without` choose columns; generated ones are never kept. `upserts_on` names the key of rows that an
    otherwise empty database may hold already.
    """

    name: str
    order: str
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    where: str = "true"
    upserts_on: tuple[str, ...] = ()
    announces: Announcement | None = None


SECTIONS: Final = (
    Section("company", "id"),
    Section("source_material", "id"),
    Section("anime", "id", announces=Announcement(subjects.ANIME_CREATED, "anime")),
    # The name is one of the fields that ask for a vector.
    Section("character", "id", announces=Announcement(subjects.CHARACTER_SYNCED, "character", ("name",))),
    Section("episode", "id"),
    Section("anime_reference", 'source COLLATE "C", external_id COLLATE "C"'),
    Section("character_reference", 'source COLLATE "C", external_id COLLATE "C"'),
    Section("reference_search", "anime_id"),
    Section("anime_character", "anime_id, character_id"),
    Section("anime_relation", 'anime_id, relation COLLATE "C", target_source COLLATE "C", target_id COLLATE "C"'),
    Section("anime_source_material_relation", 'anime_id, relation COLLATE "C", source_material_id'),
    Section("anime_company", 'anime_id, company_id, role COLLATE "C"'),
    Section("anime_broadcast", "anime_id"),
    Section("anime_hiatus", "anime_id"),
    Section("episode_airing", 'episode_id, kind COLLATE "C"'),
    # Runs are counted by each database for itself; what an anime was last ingested from is known without them.
    Section("anime_ingestion_state", "anime_id", without=("last_run_id",)),
    Section("schedule_pause", 'workflow COLLATE "C"'),
    # Due times follow from the catalogue; what a person decided does not.
    Section(
        "schedule",
        'workflow COLLATE "C", entity_id COLLATE "C"',
        only=("workflow", "entity_id", "policy", "paused_at", "paused_reason"),
        where="policy IS NOT NULL OR paused_at IS NOT NULL",
        upserts_on=("workflow", "entity_id"),
    ),
    Section("review", "id"),
    Section("guarded_word", 'entity_id, field COLLATE "C", event_id'),
)

NOT_KEPT: Final[Mapping[str, str]] = {
    "alembic_version": "the schema of the database, which the program brings up to date",
    "catalogue_origin": "stands in the header, and is compared instead of entered twice",
    "catalogue_restore": "the story of the other database",
    "outbox": "what was to be sent from the other database",
    "inbox": "what consumers of the other database have handled",
    "dead_letter": "messages of the other servers",
    "dead_letter_group": "which of those a person was told of",
    "delivery_failure": "counts failures of messages on the other servers",
    "index_model": "of the other index",
    "ingestion_runs": "the story of the other database",
    "ingestion_entries": "the story of the other database",
    "reconcile_run": "the story of the other database",
    "schedule_miss": "the story of the other database",
    "stream_seen": "streams of the other servers",
    "source_breaker": "what the other program lately found at the sources",
}
