"""Identify: which id an anime has on each source. A missing one is found once, and stored as every update is."""

from handlers.identify.search import Unidentified, learned, search_and_queue
from handlers.identify.store import IdentifyStore

__all__ = ["IdentifyStore", "Unidentified", "learned", "search_and_queue"]
