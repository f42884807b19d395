"""Catalogue: one whole record as PostgreSQL holds it, and who said what of it."""

from handlers.catalogue.read import read_record
from handlers.catalogue.stored import Attribution, StoredCharacter, StoredEpisode, StoredRecord, StoredRelation

__all__ = ["Attribution", "StoredCharacter", "StoredEpisode", "StoredRecord", "StoredRelation", "read_record"]
