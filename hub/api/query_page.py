"""The query page: a document, its answer, and the schema beside them; the scripts are in ``static/query``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from html import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.api.pages import GRAPHIQL_LINK, STATIC, html_page, render
from hub.api.schema_routes import TYPES


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


def query_page(token: str = "", *, graphiql: bool = False, schema: bool = False) -> Callable[[Request], Response]:
    """Return the query page.

    ``token`` is filled in (development only), ``graphiql`` shows the link to it. ``schema`` is whether the types of the
    graph are served; without them nothing is completed or checked.
    """
    # "<" is escaped so that no query can end the element its JSON stands in.
    examples = orjson.dumps([asdict(example) for example in EXAMPLES]).decode().replace("<", "\\u003c")
    fixed = {
        "token": escape(token),
        "examples": examples,
        "nav": GRAPHIQL_LINK if graphiql else "",
        "schema": TYPES if schema else "",
    }

    def show(request: Request) -> Response:
        return html_page(request, render("query.html", endpoint=escape(str(request.url.replace(query=""))), **fixed))

    return show
