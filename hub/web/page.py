"""The pages for people: the query page, the start page with each system's state, and GraphiQL.

Our own pages load nothing from elsewhere and run no inline script. GraphiQL is the page Strawberry
brings; it fetches its scripts (pinned by hash) from their CDN, so it has a policy of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from strawberry.http.ides import get_graphql_ide_html

from hub.complaints.calendar import JAKARTA

STATIC = Path(__file__).with_name("static")

OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
GRAPHIQL_POLICY = (
    "default-src 'none'; script-src https: 'unsafe-inline'; style-src https: 'unsafe-inline'; img-src https: data:; "
    "font-src https: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

System = Mapping[str, Any]
"""One system as the graph tells it: ``name, title, state, asOf, downSince, records, quarantined``."""


@dataclass(frozen=True, slots=True)
class Example:
    """A query to start from, with its titles in both languages and its variables as JSON."""

    title_id: str
    title_en: str
    query: str
    variables: str


def _example(name: str, title_id: str, title_en: str, variables: str = "{}") -> Example:
    text = (STATIC / "examples" / f"{name}.graphql").read_text(encoding="utf-8")
    return Example(title_id, title_en, text, variables)


EXAMPLES = (
    _example("desk", "Meja kerja: aduan dengan semua sistem", "The desk: complaints with every system"),
    _example("payments", "Pembayaran satu koridor", "Payments of a corridor", '{\n  "corridor": "K7"\n}'),
    _example("orders", "Jumlah belanja per OPD", "Order totals by agency"),
    _example("systems", "Keadaan sistem", "State of the systems"),
    _example("area", "Aduan publik satu wilayah", "Public complaints of an area", '{\n  "area": "33.74"\n}'),
)


def query_page(token: str = "", *, graphiql: bool = False) -> Callable[[Request], Response]:
    """The query page; ``token`` is filled in (development only), ``graphiql`` shows the link to it."""
    # "<" is escaped so that no query can end the element its JSON stands in.
    examples = orjson.dumps([asdict(example) for example in EXAMPLES]).decode().replace("<", "\\u003c")
    html = _filled("query.html", token=escape(token), examples=examples, nav=_nav(graphiql))
    return lambda request: _own(html)


def home_page(
    systems: Callable[[], Awaitable[Sequence[System]]], *, graphiql: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """The start page: links, and the state of each system as ``systems`` tells it at that moment."""

    async def home(request: Request) -> Response:
        rows = "".join(map(_row, await systems()))
        return _own(_filled("home.html", rows=rows, nav=_nav(graphiql)))

    return home


def routes(*, graphiql: bool = False) -> list[BaseRoute]:
    """The static files, and GraphiQL's page where it is wanted."""
    static = Mount("/static", StaticFiles(directory=STATIC), name="static")
    return [static, Route("/graphiql", _graphiql)] if graphiql else [static]


def _graphiql(request: Request) -> Response:
    # Strawberry's page asks the address it is served from; ours has the endpoint next to it.
    html = get_graphql_ide_html(graphql_ide="graphiql").replace(
        'window.location.href.split("?")[0]', 'new URL("/graphql", window.location.href).href'
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": GRAPHIQL_POLICY})


def _own(html: str) -> Response:
    return HTMLResponse(
        html, headers={"Content-Security-Policy": OWN_POLICY, "Cache-Control": "no-store", "Vary": "Accept"}
    )


def _filled(name: str, **parts: str) -> str:
    return Template((STATIC / name).read_text(encoding="utf-8")).substitute(parts)


def _nav(graphiql: bool) -> str:
    return '<a href="/graphiql">GraphiQL</a>' if graphiql else ""


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
    """A value as people read it: times to the second, as the clock shows them in Central Java."""
    if isinstance(value, datetime):
        local = value.astimezone(JAKARTA)
        return f'<time datetime="{local.isoformat(timespec="seconds")}">{local:%Y-%m-%d %H:%M:%S} WIB</time>'
    return "–" if value is None else escape(str(value))
