"""The OpenAPI document as one page that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}"
    "section{border-top:1px solid #ccc;margin-top:1.5rem}code{background:#f3f3f3;padding:.1rem .3rem}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #eee}"
)
_NOTES: Final = (
    '<p>The same as a document for programs: <a href="/openapi.json">/openapi.json</a>. '
    'The messages: <a href="/docs/asyncapi">/docs/asyncapi</a>.</p>'
)


def page_of(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(info['title'])}</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
        f"{_NOTES}{operations}</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parameters = operation.get("parameters", [])
    rows = "".join(_parameter(parameter) for parameter in parameters)
    table = f"<table><tr><th>parameter<th>type<th>meaning</tr>{rows}</table>" if rows else ""
    body = operation.get("requestBody", {})
    takes = f"<p>Body: {escape(body['description'])}</p>" if "description" in body else ""
    return (
        f"<section><h2><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</h2>"
        f"<p>{escape(operation.get('description', ''))}</p>{takes}{table}<p>Answers: {_answers(operation)}</p>"
        "</section>"
    )


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = " (needed)" if parameter.get("required") else ""
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code>{needed}<td>{escape(_type(parameter['schema']))}"
        f"<td>{escape(parameter.get('description', ''))}</tr>"
    )


def _answers(operation: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{escape(status)} {escape(', '.join(answer.get('content', {})) or answer['description'])}"
        for status, answer in operation["responses"].items()
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"] if part.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    return str(schema.get("format") or schema.get("type", ""))
