"""The HTTP side of the program: ingest, search, records, status, health, metrics."""

from streams.http.application import http_application
from streams.http.services import Ingest, Search, Services

__all__ = ["Ingest", "Search", "Services", "http_application"]
