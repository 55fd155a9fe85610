"""The routes of the pages. What is the same for everybody is made once a minute and cached by readers as long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.errors import RateLimited, TryLater
from hub.pages import rendering
from hub.pages.design import design_routes
from hub.pages.feeds import feed_routes
from hub.pages.figures import Figure
from hub.pages.follow import FollowPage
from hub.pages.graph import PageFailed
from hub.pages.open_data import data_routes
from hub.pages.overview import OVERVIEW
from hub.pages.page import PublicPage
from hub.pages.paths import PATHS
from hub.pages.places import AGENCIES, AGENCY, AREA, AREAS
from hub.pages.procurement import PROCUREMENT
from hub.pages.rendering import Packed
from hub.pages.site import Built, Site, addresses
from hub.pages.submit import SubmitPage
from hub.pages.systems import SYSTEMS
from hub.pages.texts import LANGUAGES
from hub.web.operations import (
    FORM,
    HTML,
    JSON,
    PAGE_ERRORS,
    TEXT,
    ByMethod,
    DocumentedRoute,
    Operation,
    Reply,
    Schema,
    cached,
)

PUBLIC_PAGES = (OVERVIEW, AGENCIES, AGENCY, AREAS, AREA, SYSTEMS, PROCUREMENT)
ASSETS = {"pages.css": "text/css", "live.js": "text/javascript", "keys.js": "text/javascript"}
"""The style sheet and the scripts, whose addresses have a digest of their content."""
YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of all pages, their figures the style sheet and the scripts."""
    found: list[BaseRoute] = [
        DocumentedRoute(f"/pages/{{version}}/{name}", _asset(name, media), get=cached(f"{name} of the pages", media))
        for name, media in ASSETS.items()
    ]
    for language in LANGUAGES:
        for page in PUBLIC_PAGES:
            address = PATHS[page.name][language == "en"]
            figure, what = f"{address.rstrip('/')}/{{figure}}", f"of the page {page.name} ({language})"
            found.append(
                DocumentedRoute(address, _page(site, page, language), get=cached(f"The page {page.name} ({language})"))
            )
            for ending, media, make in (("csv", "text/csv", _csv), ("json", JSON, _json)):
                get = cached(f"A figure {what} as {ending.upper()}", media, missing="There is no such figure.")
                found.append(DocumentedRoute(f"{figure}.{ending}", make(site, page, language), get=get))
        for name, form in (("follow", FollowPage(site, language)), ("submit", SubmitPage(site, language))):
            address = PATHS[name][language == "en"]
            get, post = (_form(f"{what} the form {name} ({language})", body) for what, body in _FORMS)
            both = ByMethod(get=form.get, post=form.post)
            found.append(DocumentedRoute(address, both, get=get, post=post, strict=True))
    # The description of a CSV has an address that that of a JSON would match as well.
    return [
        *data_routes(site, PUBLIC_PAGES, built),
        *feed_routes(site),
        *found,
        *(design_routes(site) if site.development else ()),
    ]


_FORMS: tuple[tuple[str, dict[str, Schema]], ...] = (("Show", {}), ("Send", {FORM: {"type": "object"}}))


def _form(summary: str, body: dict[str, Schema]) -> Operation:
    return Operation(
        summary=summary,
        body=body,
        replies={200: Reply("The page", {HTML: TEXT})},
        refusals={400: "A field is not valid.", 403: "The form came from another site.", 404: "The code is not valid."},
        errors=PAGE_ERRORS,
    )


def _asset(name: str, media: str) -> Endpoint:
    text = (rendering.STATIC / name).read_text(encoding="utf-8")
    packed, address = Packed.pack(text, f"{media}; charset=utf-8"), rendering.asset_address(name)

    async def get(request: Request) -> Response:
        # Another version would be kept for a year as if it were that one.
        if request.url.path != address:
            raise HTTPException(404)
        return packed.response(request, YEAR)

    return get


async def built(site: Site, page: PublicPage, language: str, request: Request) -> Built:
    """Return the page, from the cache or new; raises 404 if there is none."""
    params = {name: request.path_params[name] for name in page.params}

    async def make() -> Built:
        data = await site.graph.run(request, page.name, params, language=language)
        reader = site.reader(language)
        content = page.build(data, params, reader)
        if content is None:
            raise HTTPException(404)
        values = {"content": content, "addresses": addresses(page.name, params), "origin": site.origin}
        html = rendering.render(page.name, reader, page=page, section=page.section or page.name, **values)
        return Built(content, Packed.pack(html, rendering.HTML))

    return await site.cache.get((page.name, language, *params.values()), make)


def _page(site: Site, page: PublicPage, language: str) -> Endpoint:
    async def get(request: Request) -> Response:
        try:
            made = await built(site, page, language, request)
        except (RateLimited, TryLater, PageFailed) as error:
            return site.failure(request, error, page.name, language)
        return made.html.response(request)

    return get


def _csv(site: Site, page: PublicPage, language: str) -> Endpoint:
    async def get(request: Request) -> Response:
        figure = await _figure(site, page, language, request)
        name = {"Content-Disposition": f'attachment; filename="{page.name}-{figure.name}.csv"'}
        return Packed.pack(figure.table.csv(), rendering.CSV).response(request, {**rendering.PUBLIC, **name})

    return get


def _json(site: Site, page: PublicPage, language: str) -> Endpoint:
    async def get(request: Request) -> Response:
        figure = await _figure(site, page, language, request)
        return Packed.pack(orjson.dumps(figure.table.objects()).decode(), rendering.JSON).response(request)

    return get


async def _figure(site: Site, page: PublicPage, language: str, request: Request) -> Figure:
    figure = (await built(site, page, language, request)).content.figure(request.path_params["figure"])
    if figure is None:
        raise HTTPException(404)
    return figure
