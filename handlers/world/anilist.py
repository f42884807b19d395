"""The dialect of AniList: one GraphQL endpoint, answered from a schema that is a part of the real one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from handlers.world.anilist_query import Root
from handlers.world.asking import Answer, Ask
from handlers.world.changes import Source
from handlers.world.world import Showing

_TOKENS_MAX = 10_000
_QUERIES_KEPT_MAX = 256
_MESSAGES = {404: "Not Found.", 429: "Too Many Requests.", 500: "Internal Server Error", 504: "Gateway Timeout"}
RATE_PER_MINUTE = 30
_RETRY_AFTER_S = 60


class AniList:
    """Answers as AniList does: 30 requests a minute and no bursts, a 429 with Retry-After, errors beside data."""

    source = Source.ANILIST
    prefix = "/anilist"
    media_type = "application/json"
    rates: Sequence[tuple[int, float]] = ((10, 1.0), (RATE_PER_MINUTE, 60.0))

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(
            files("handlers.world").joinpath("anilist.graphql").read_text(encoding="utf-8")
        )
        # Queries repeat with other variables; reading one costs more than answering it.
        self._read: dict[str, DocumentNode | list[GraphQLError]] = {}

    def answer(self, ask: Ask, showing: Showing, *, partial: bool = False) -> Answer:
        """Run a query. The HTTP status is 200 even with errors, unless nothing came of it."""
        if ask.method != "POST" or ask.path not in ("", "/"):
            return _failed(404, [GraphQLError(_MESSAGES[404])])
        try:
            asked = orjson.loads(ask.body)
        except orjson.JSONDecodeError:
            return _failed(400, [GraphQLError("The body is not JSON")])
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return _failed(400, [GraphQLError("The body holds no query")])
        document = self._document(asked["query"])
        if isinstance(document, list):
            return _failed(400, document)
        result = execute_sync(
            self.schema,
            document,
            Root(showing, partial=partial),
            variable_values=asked.get("variables") or {},
            operation_name=asked.get("operationName"),
        )
        return _answered(result)

    def fault(self, status: int, retry_after_s: int | None) -> Answer:
        """An error body. A 429 names no limits, only how long to wait."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        error = {"message": _MESSAGES.get(status, _MESSAGES[500]), "status": status}
        return Answer(status, {"data": None, "errors": [error]}, headers)

    def _document(self, query: str) -> DocumentNode | list[GraphQLError]:
        if query not in self._read:
            if len(self._read) >= _QUERIES_KEPT_MAX:
                self._read.clear()
            self._read[query] = self._parsed(query)
        return self._read[query]

    def _parsed(self, query: str) -> DocumentNode | list[GraphQLError]:
        try:
            document = parse(query, max_tokens=_TOKENS_MAX)
        except GraphQLError as error:
            return [error]
        return validate(self.schema, document) or document


def _answered(result: ExecutionResult) -> Answer:
    errors = result.errors or []
    if result.data is None:
        return _failed(400, errors)
    if not errors:
        return Answer(200, {"data": result.data})
    nothing = all(value is None for value in result.data.values())
    status = _status(errors[0]) if nothing else 200
    return Answer(status, {"errors": [_printed(error, _status(error)) for error in errors], "data": result.data})


def _failed(status: int, errors: Sequence[GraphQLError]) -> Answer:
    return Answer(status, {"data": None, "errors": [_printed(error, status) for error in errors]})


def _status(error: GraphQLError) -> int:
    status = (error.extensions or {}).get("status")
    return status if isinstance(status, int) else 500


def _printed(error: GraphQLError, status: int) -> dict[str, Any]:
    places = [{"line": place.line, "column": place.column} for place in error.locations or []]
    printed: dict[str, Any] = {"message": error.message, "status": status, "locations": places}
    return printed if error.path is None or status == 404 else {**printed, "path": error.path}
