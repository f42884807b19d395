"""Ingest: records come in as people and programs write them, and leave as anime.enriched, with a verdict on each."""

from handlers.ingest.demo_catalogue import demo_catalogue
from handlers.ingest.raw import RawRecord
from handlers.ingest.reading import json_records, line_records
from handlers.ingest.store import IngestStore
from handlers.ingest.verdict import FAILURES, Kind, Verdict
from handlers.ingest.work import ingest

__all__ = [
    "FAILURES",
    "IngestStore",
    "Kind",
    "RawRecord",
    "Verdict",
    "demo_catalogue",
    "ingest",
    "json_records",
    "line_records",
]
