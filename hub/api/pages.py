"""HTML pages: the start page with the state of each system, and GraphiQL; the query page is in ``query_page``.

The hub's own pages load no external resources and run no inline scripts. GraphiQL is Strawberry's page; it loads its
scripts (pinned by hash) from a CDN, so it has a Content-Security-Policy of its own.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from strawberry.http.ides import get_graphql_ide_html

from hub.complaints.calendar import JAKARTA
from hub.web.headers import header
from hub.web.language import preferred_language
from hub.web.operations import DocumentedRoute, page

STATIC = Path(__file__).with_name("static")

OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
GRAPHIQL_POLICY = (
    "default-src 'none'; script-src https: 'unsafe-inline'; style-src https: 'unsafe-inline'; img-src https: data:; "
    "font-src https: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

GRAPHIQL_LINK = '<a href="/graphiql">GraphiQL</a>'
_QUERY = '<a href="/graphql" data-id="Halaman kueri GraphQL" data-en="GraphQL query page">Halaman kueri GraphQL</a>'
_TEXT = re.compile(r'(data-id="[^"]*" data-en="([^"]*)">)[^<]*<')

System = Mapping[str, Any]
"""The state of a system: ``name, title, state, asOf, downSince, records, quarantined``."""


def home_route(systems: Callable[[], Awaitable[Sequence[System]]], *, ide: bool = False) -> BaseRoute:
    """Return the route of the start page: links, and the state of each system from ``systems``.

    ``ide`` adds links to the query page and GraphiQL.
    """

    async def home(request: Request) -> Response:
        rows = "".join(map(_row, await systems()))
        return html_page(request, render("home.html", rows=rows, nav=_QUERY + GRAPHIQL_LINK if ide else ""))

    return DocumentedRoute("/", home, get=page("The state of each system"))


def routes(*, graphiql: bool = False) -> list[BaseRoute]:
    """Return the routes of the static files and, with ``graphiql``, of GraphiQL."""
    static = Mount("/static", GZipMiddleware(_Static(directory=STATIC)), name="static")
    ide = DocumentedRoute("/graphiql", _graphiql, get=page("GraphiQL, in development"))
    return [static, ide] if graphiql else [static]


class _Static(StaticFiles):
    """Files that a browser keeps but asks for each time, so that a page never has modules of two versions."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _graphiql(request: Request) -> Response:
    # Strawberry's page sends queries to its own URL; the hub's endpoint has another one.
    html = get_graphql_ide_html(graphql_ide="graphiql").replace(
        'window.location.href.split("?")[0]', 'new URL("/graphql", window.location.href).href'
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": GRAPHIQL_POLICY})


def not_found(request: Request) -> Response:
    """Return the page for a browser that requests an unknown path."""
    return html_page(request, render("missing.html"), 404)


def html_page(request: Request, html: str, status: int = 200) -> Response:
    """Return a page of the hub in the browser's language; its HTML has each text in both languages."""
    if preferred_language(header(request, "accept-language")) == "en":
        html = _TEXT.sub(r"\1\2<", html.replace('<html lang="id">', '<html lang="en">', 1))
    vary = "Accept, Accept-Encoding, Accept-Language"
    fixed = {"Content-Security-Policy": OWN_POLICY, "Cache-Control": "no-store", "Vary": vary}
    if "gzip" not in header(request, "accept-encoding"):
        return HTMLResponse(html, status, fixed)
    return HTMLResponse(gzip.compress(html.encode(), mtime=0), status, {**fixed, "Content-Encoding": "gzip"})


def render(name: str, **parts: str) -> str:
    """Return a page of ``static`` with its parts, which are HTML already."""
    return _template(name).substitute(parts)


@cache
def _template(name: str) -> Template:
    return Template((STATIC / name).read_text(encoding="utf-8"))


def _row(system: System) -> str:
    state = str(system.get("state") or "UNKNOWN")
    cells = [system.get(name) for name in ("records", "quarantined", "asOf", "downSince")]
    return (
        f'<tr><th scope="row">{escape(str(system.get("title") or system["name"]))}<small>{escape(system["name"])}'
        f'</small></th><td><span class="state" data-state="{escape(state)}">{escape(state)}</span></td>'
        + "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _cell(value: object) -> str:
    """Return a value for a table cell; times to the second in Western Indonesian Time."""
    if isinstance(value, datetime):
        local = value.astimezone(JAKARTA)
        return f'<time datetime="{local.isoformat(timespec="seconds")}">{local:%Y-%m-%d %H:%M:%S} WIB</time>'
    return "–" if value is None else escape(str(value))
