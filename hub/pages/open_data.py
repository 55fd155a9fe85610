"""Open data: the page that lists each table, the catalogue (DCAT), and a description of each CSV (CSV on the Web)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from hub.errors import RateLimited, TryLater
from hub.pages import rendering
from hub.pages.figures import Figure
from hub.pages.graph import PageFailed
from hub.pages.page import PublicPage
from hub.pages.paths import PATHS, path
from hub.pages.rendering import Packed
from hub.pages.site import Built, Site, addresses
from hub.pages.texts import LANGUAGES
from hub.web.operations import DocumentedRoute, cached, text

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
PUBLISHER = "Pemerintah Provinsi Jawa Tengah"
JSON_LD = "application/ld+json"

Build = Callable[[Site, PublicPage, str, Request], Awaitable[Built]]
Tables = Sequence[tuple[PublicPage, Figure]]


def data_routes(site: Site, pages: Sequence[PublicPage], build: Build) -> list[BaseRoute]:
    """Return the routes of open data; ``pages`` are all public pages, of which those without parameters are listed."""
    found: list[BaseRoute] = [DocumentedRoute("/robots.txt", _robots, get=text("What search engines may read"))]
    for language in LANGUAGES:
        data = _OpenData(site, [each for each in pages if not each.params], build, language)
        address = PATHS["data"][language == "en"]
        about, figure = f"({language})", "A description of a figure's CSV (CSV on the Web)"
        found += [
            DocumentedRoute(address, data.page, get=cached(f"The list of open data {about}")),
            DocumentedRoute(
                f"{address}/catalog.jsonld",
                data.catalogue,
                get=cached(f"The catalogue of open data (DCAT) {about}", JSON_LD),
            ),
        ]
        for each in pages:
            get = cached(f"{figure}: {each.name} {about}", JSON_LD, missing="There is no such figure.")
            path_ = f"{_base(each, language)}/{{figure}}.csv-metadata.json"
            found.append(DocumentedRoute(path_, data.description(each), get=get))
    return found


def _base(page: PublicPage, language: str) -> str:
    return PATHS[page.name][language == "en"].rstrip("/")


async def _robots(request: Request) -> Response:
    forms = "".join(f"Disallow: {address}\n" for name in ("follow",) for address in PATHS[name])
    return PlainTextResponse(f"User-agent: *\nDisallow: /oauth/\nDisallow: /graphql\n{forms}", headers=rendering.PUBLIC)


class _OpenData:
    """Open data in one language."""

    def __init__(self, site: Site, pages: Sequence[PublicPage], build: Build, language: str) -> None:
        self._site, self._pages, self._build, self._language = site, pages, build, language

    async def _tables(self, request: Request) -> list[tuple[PublicPage, Figure]]:
        made = [(page, await self._build(self._site, page, self._language, request)) for page in self._pages]
        return [(page, figure) for page, each in made for figure in each.content.figures]

    async def page(self, request: Request) -> Response:
        """Show the list of tables."""
        try:
            tables = await self._tables(request)
        except (RateLimited, TryLater, PageFailed) as error:
            return self._site.failure(request, error, "data", self._language)
        reader = self._site.reader(self._language)
        items = [
            {
                "title": reader.t(f"{figure.name}.kicker"),
                "note": figure.note,
                "url": f"{_base(page, self._language)}/{figure.name}",
                "columns": ", ".join(column.name for column in figure.table.columns),
                "rows": len(figure.table.rows),
            }
            for page, figure in tables
        ]
        values = {"tables": items, "licence": LICENCE, "addresses": addresses("data", {})}
        html = rendering.render("data", reader, section="data", **values)
        return Packed.pack(html, rendering.HTML).response(request)

    async def catalogue(self, request: Request) -> Response:
        """Return all tables as a catalogue of data sets (DCAT 3)."""
        catalogue = dcat(self._site.origin, self._language, await self._tables(request), self._site)
        return Packed.pack(orjson.dumps(catalogue).decode(), JSON_LD).response(request)

    def description(self, page: PublicPage) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint that describes the columns of a CSV of ``page`` (CSV on the Web, 5.3)."""

        async def get(request: Request) -> Response:
            made = await self._build(self._site, page, self._language, request)
            figure = made.content.figure(request.path_params["figure"])
            if figure is None:
                raise HTTPException(404)
            return Packed.pack(orjson.dumps(csvw(figure, self._language)).decode(), JSON_LD).response(request)

        return get


def csvw(figure: Figure, language: str) -> dict[str, Any]:
    """Return the description of a figure's CSV; numbers may be missing, where they are suppressed."""
    columns = [
        {"name": each.name, "titles": {language: [each.label, each.name]}, "datatype": each.datatype}
        for each in figure.table.columns
    ]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": language}],
        "url": f"{figure.name}.csv",
        "dc:title": figure.headline,
        "dc:description": figure.note,
        "dc:license": {"@id": LICENCE},
        "tableSchema": {"columns": columns},
    }


def dcat(origin: str, language: str, tables: Tables, site: Site) -> dict[str, Any]:
    """Return the catalogue as JSON-LD."""
    reader, home = site.reader(language), f"{origin}{path('data', language)}"
    publisher = {"@type": "foaf:Agent", "foaf:name": PUBLISHER}
    sets = []
    for page, figure in tables:
        address = f"{origin}{_base(page, language)}/{figure.name}"
        files = (("csv", "text/csv"), ("json", "application/json"))
        distributions = [
            {
                "@type": "dcat:Distribution",
                "@id": f"{address}.{ending}",
                "dcat:accessURL": {"@id": f"{address}.{ending}"},
                "dcat:downloadURL": {"@id": f"{address}.{ending}"},
                "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{media}"},
                "dct:license": {"@id": LICENCE},
            }
            for ending, media in files
        ]
        sets.append(
            {
                "@type": "dcat:Dataset",
                "@id": address,
                "dct:title": _text(reader.t(f"{figure.name}.kicker"), language),
                "dct:description": _text(figure.note, language),
                "dct:publisher": publisher,
                "dct:license": {"@id": LICENCE},
                "dcat:distribution": distributions,
            }
        )
    return {
        "@context": _CONTEXT,
        "@type": "dcat:Catalog",
        "@id": home,
        "dct:title": _text(reader.t("data.title"), language),
        "dct:description": _text(reader.t("data.lead"), language),
        "dct:publisher": publisher,
        "dct:license": {"@id": LICENCE},
        "dcat:dataset": sets,
    }


_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
}


def _text(value: str, language: str) -> dict[str, str]:
    return {"@value": value, "@language": language}
