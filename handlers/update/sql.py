"""The named queries of this room."""

from __future__ import annotations

from typing import Final

from handlers.queries import queries_of

query: Final = queries_of("handlers.update")
