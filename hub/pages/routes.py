"""The routes of the pages. What is the same for everybody is made once a minute and cached by readers as long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

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

PUBLIC_PAGES = (OVERVIEW, AGENCIES, AGENCY, AREAS, AREA, SYSTEMS, PROCUREMENT)
YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of all pages, their figures and the style sheet."""
    found: list[BaseRoute] = [Route(rendering.style_address(), _static("pages.css", "text/css; charset=utf-8"))]
    for language in LANGUAGES:
        for page in PUBLIC_PAGES:
            address = PATHS[page.name][language == "en"]
            found.append(Route(address, _page(site, page, language)))
            found.append(Route(f"{address.rstrip('/')}/{{figure}}.csv", _csv(site, page, language)))
            found.append(Route(f"{address.rstrip('/')}/{{figure}}.json", _json(site, page, language)))
        for name, form in (("follow", FollowPage(site, language)), ("submit", SubmitPage(site, language))):
            found.append(Route(PATHS[name][language == "en"], form.get, methods=["GET"]))
            found.append(Route(PATHS[name][language == "en"], form.post, methods=["POST"]))
    # The description of a CSV has an address that that of a JSON would match as well.
    return [
        *data_routes(site, PUBLIC_PAGES, built),
        *feed_routes(site),
        *found,
        *(design_routes(site) if site.development else ()),
    ]


def _static(name: str, media: str) -> Endpoint:
    packed = Packed.pack((rendering.STATIC / name).read_text(encoding="utf-8"), media)

    async def get(request: Request) -> Response:
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
