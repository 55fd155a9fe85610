"""The feed of an agency's answers (Atom, RFC 4287): tickets, titles and times, as the public sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.pages import rendering
from hub.pages.page import Content
from hub.pages.paths import PATHS, path
from hub.pages.rendering import Packed
from hub.pages.site import Built, Site
from hub.pages.texts import LANGUAGES
from hub.web.operations import DocumentedRoute, cached

ATOM = "application/atom+xml; charset=utf-8"


def feed_routes(site: Site) -> list[BaseRoute]:
    """Return the route of the feed in each language."""
    return [
        DocumentedRoute(
            f"{PATHS['agency'][language == 'en']}/answers.atom",
            _feed(site, language),
            get=cached(f"The answers of an agency as Atom ({language})", ATOM.partition(";")[0]),
        )
        for language in LANGUAGES
    ]


def _feed(site: Site, language: str) -> Callable[[Request], Awaitable[Response]]:
    async def get(request: Request) -> Response:
        code = request.path_params["code"]

        async def make() -> Built:
            return await _made(site, language, code, request)

        return (await site.cache.get(("answers", language, code), make)).html.response(request)

    return get


async def _made(site: Site, language: str, code: str, request: Request) -> Built:
    data = await site.graph.run(request, "answers", {"code": code}, language=language)
    agency = data["agency"]
    if agency is None:
        raise HTTPException(404)
    reader, page = site.reader(language), f"{site.origin}{path('agency', language, code=code)}"
    answers = [each for each in agency["complaints"]["nodes"] if each["answeredAt"]]
    name = agency["nameEn" if language == "en" else "name"]
    updated = max((each["updatedAt"] for each in answers), default=reader.now.isoformat(timespec="seconds"))
    values = {"answers": answers, "name": name, "page": page, "address": f"{page}/answers.atom", "updated": updated}
    xml = rendering.render("answers.xml", reader, **values)
    return Built(Content(name, ""), Packed.pack(xml, ATOM))
