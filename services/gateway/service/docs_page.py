"""The page at /docs: every operation, by service, without a script or anything from elsewhere."""

import base64
import hashlib
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:64rem;margin:2rem auto;padding:0 1rem}
nav{display:flex;flex-wrap:wrap;gap:.75rem}h2{margin-top:2.5rem;text-transform:capitalize}
details{border:1px solid #8886;border-radius:.4rem;margin:.4rem 0;padding:.4rem .7rem}
summary{cursor:pointer}b{display:inline-block;min-width:4.2rem;font-family:ui-monospace,monospace}
code{font-family:ui-monospace,monospace}table{border-collapse:collapse;margin:.5rem 0}
td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}small{opacity:.75}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page may use its own style, and nothing else."""

_METHODS = ("get", "post", "put", "patch", "delete")


def render(document: dict[str, Any]) -> str:
    """The whole page of a merged OpenAPI document."""
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                groups.setdefault(item[method]["tags"][0], []).append(_operation(method, path, item[method]))
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in groups)
    sections = "".join(
        f'<section id="{escape(name)}"><h2>{escape(name)}</h2>{"".join(each)}</section>'
        for name, each in groups.items()
    )
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{title} API</h1>"
        '<p>The same as <a href="/openapi.json">OpenAPI 3.1</a>; the events as '
        '<a href="/asyncapi.json">AsyncAPI 3</a>.</p>'
        f"<nav>{links}</nav>{sections}</body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    summary = escape(operation.get("description") or operation.get("summary") or "")
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> <small>{summary}</small></summary>"
        f"{_parameters(operation)}{_bodies(operation)}</details>"
    )


def _parameters(operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{'required' if each.get('required') else ''}</td></tr>"
        for each in operation.get("parameters", ())
    )
    return f"<table><tr><th>parameter</th><th>in</th><th></th></tr>{rows}</table>" if rows else ""


def _bodies(operation: dict[str, Any]) -> str:
    lines = []
    if "requestBody" in operation:
        lines.append(f"<p>takes {_content(operation['requestBody'])}</p>")
    for status, answer in operation.get("responses", {}).items():
        lines.append(f"<p>{escape(status)}: {_content(answer) or escape(answer.get('description', ''))}</p>")
    return "".join(lines)


def _content(holder: dict[str, Any]) -> str:
    names = [_schema_name(content.get("schema", {})) for content in holder.get("content", {}).values()]
    return ", ".join(f"<code>{escape(name)}</code>" for name in names if name)


def _schema_name(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return reference.rpartition("/")[2]
    return str(schema.get("title") or schema.get("type") or "")
