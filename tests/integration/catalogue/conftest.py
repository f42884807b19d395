from __future__ import annotations

from tests.integration.ingest.conftest import pool

__all__ = ["pool"]
