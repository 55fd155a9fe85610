"""HTML pages: the start page with the state of each system, the query page, and GraphiQL.

The hub's own pages load no external resources and run no inline scripts. GraphiQL is Strawberry's page; it loads its
scripts (pinned by hash) from a CDN, so it has a Content-Security-Policy of its own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
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

_GRAPHIQL = '<a href="/graphiql">GraphiQL</a>'
_QUERY = '<a href="/graphql" data-id="Halaman kueri GraphQL" data-en="GraphQL query page">Halaman kueri GraphQL</a>'
_TEXT = re.compile(r'(data-id="[^"]*" data-en="([^"]*)">)[^<]*<')

System = Mapping[str, Any]
"""The state of a system: ``name, title, state, asOf, downSince, records, quarantined``."""


@dataclass(frozen=True, slots=True)
class Example:
    """An example query, with its title in both languages and its variables as JSON."""

    title_id: str
    title_en: str
    query: str
    variables: str


def _example(name: str, title_id: str, title_en: str, variables: str = "{}") -> Example:
    text = (STATIC / "examples" / f"{name}.graphql").read_text(encoding="utf-8")
    return Example(title_id, title_en, text, variables)


EXAMPLES = (
    _example(
        "desk", "Meja pengaduan: aduan dengan data semua sistem", "Complaint desk: complaints with data of every system"
    ),
    _example("payments", "Pembayaran satu koridor", "Payments of a corridor", '{\n  "corridor": "K7"\n}'),
    _example("orders", "Jumlah belanja per perangkat daerah", "Order totals by agency"),
    _example("systems", "Keadaan sistem", "State of the systems"),
    _example("area", "Aduan publik satu wilayah", "Public complaints of an area", '{\n  "area": "33.74"\n}'),
)


def query_page(token: str = "", *, graphiql: bool = False) -> Callable[[Request], Response]:
    """Return the query page; ``token`` is filled in (development only), ``graphiql`` shows the link to it."""
    # "<" is escaped so that no query can end the element its JSON stands in.
    examples = orjson.dumps([asdict(example) for example in EXAMPLES]).decode().replace("<", "\\u003c")
    html = _render("query.html", token=escape(token), examples=examples, nav=_GRAPHIQL if graphiql else "")
    return lambda request: _page(request, html)


def home_route(systems: Callable[[], Awaitable[Sequence[System]]], *, ide: bool = False) -> BaseRoute:
    """Return the route of the start page: links, and the state of each system from ``systems``.

    ``ide`` adds links to the query page and GraphiQL.
    """

    async def home(request: Request) -> Response:
        rows = "".join(map(_row, await systems()))
        return _page(request, _render("home.html", rows=rows, nav=_QUERY + _GRAPHIQL if ide else ""))

    return DocumentedRoute("/", home, get=page("The state of each system"))


def routes(*, graphiql: bool = False) -> list[BaseRoute]:
    """Return the routes of the static files and, with ``graphiql``, of GraphiQL."""
    static = Mount("/static", StaticFiles(directory=STATIC), name="static")
    ide = DocumentedRoute("/graphiql", _graphiql, get=page("GraphiQL, in development"))
    return [static, ide] if graphiql else [static]


def _graphiql(request: Request) -> Response:
    # Strawberry's page sends queries to its own URL; the hub's endpoint has another one.
    html = get_graphql_ide_html(graphql_ide="graphiql").replace(
        'window.location.href.split("?")[0]', 'new URL("/graphql", window.location.href).href'
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": GRAPHIQL_POLICY})


def not_found(request: Request) -> Response:
    """Return the page for a browser that requests an unknown path."""
    return _page(request, _render("missing.html"), 404)


def _page(request: Request, html: str, status: int = 200) -> Response:
    """Return a page of the hub in the browser's language; its HTML has each text in both languages."""
    if preferred_language(header(request, "accept-language")) == "en":
        html = _TEXT.sub(r"\1\2<", html.replace('<html lang="id">', '<html lang="en">', 1))
    fixed = {"Content-Security-Policy": OWN_POLICY, "Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}
    return HTMLResponse(html, status, fixed)


def _render(name: str, **parts: str) -> str:
    return Template((STATIC / name).read_text(encoding="utf-8")).substitute(parts)


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


def sdl_route(sdl: str) -> BaseRoute:
    """Return the route of the schema as SDL, for code generators."""

    async def get(_: Request) -> Response:
        return PlainTextResponse(sdl)

    return DocumentedRoute("/schema.graphql", get, get=page("The graph in SDL, as clients see it", "text/plain"))
