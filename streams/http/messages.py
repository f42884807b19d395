"""The AsyncAPI document over HTTP: as a page that needs nothing from elsewhere, as YAML and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from streams.http.page import STYLE

Document = Mapping[str, Any]


def message_routes(document: Callable[[], Document], as_yaml: Callable[[], str]) -> APIRouter:
    """The routes; both callables are asked once per request, since nobody asks often."""
    router = APIRouter(tags=["operations"], include_in_schema=False)

    @router.get("/docs/asyncapi")
    async def page() -> HTMLResponse:
        return HTMLResponse(messages_page(document()))

    @router.get("/docs/asyncapi.json")
    async def json() -> JSONResponse:
        return JSONResponse(document())

    @router.get("/docs/asyncapi.yaml")
    async def yaml() -> PlainTextResponse:
        return PlainTextResponse(as_yaml(), media_type="application/yaml")

    return router


def messages_page(document: Document) -> str:
    """The page of an AsyncAPI document: every subject with its event and that event's fields."""
    info = document["info"]
    schemas = document["components"]["schemas"]
    channels = "".join(_channel(channel, schemas) for channel in document["channels"].values())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(info['title'])}: messages</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])}: messages {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        '<p>The same for programs: <a href="/docs/asyncapi.yaml">YAML</a>, <a href="/docs/asyncapi.json">JSON</a>.'
        f"</p>{channels}</html>"
    )


def _channel(channel: Document, schemas: Document) -> str:
    name = next(iter(channel["messages"]))
    schema = schemas[name]
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code><td>{escape(_type(shape))}<td>{escape(shape.get('description', ''))}</tr>"
        for field, shape in schema["properties"].items()
    )
    return (
        f"<section><h2><code>{escape(channel['address'])}</code> {escape(name)}</h2>"
        f"<p>{escape(schema.get('description', ''))} {escape(channel['description'])}</p>"
        f"<table><tr><th>field<th>type<th>meaning</tr>{rows}</table></section>"
    )


def _type(shape: Document) -> str:
    if "$ref" in shape:
        return str(shape["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in shape:
        return " or ".join(_type(one) for one in shape["anyOf"] if one.get("type") != "null")
    if shape.get("type") == "array":
        return f"list of {_type(shape.get('items', {}))}"
    if "additionalProperties" in shape and isinstance(shape["additionalProperties"], dict):
        return f"map to {_type(shape['additionalProperties'])}"
    return str(shape.get("format") or shape.get("type") or "value")
