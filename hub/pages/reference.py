"""The schema reference: every type of the graph with its fields, arguments, scopes, costs and deprecations.

It is made from the SDL, without a script. Descriptions are in English, as in the SDL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.api.type_reference import KINDS, Reference
from hub.pages import rendering
from hub.pages.paths import PATHS
from hub.pages.rendering import Packed
from hub.pages.site import Site, addresses
from hub.pages.texts import LANGUAGES
from hub.web.operations import DocumentedRoute, Parameter, cached

MAX_SEARCH = 100


def reference_routes(site: Site, reference: Reference) -> list[BaseRoute]:
    """Return the routes of the list of types, which can be searched, and of each type."""
    return [route for language in LANGUAGES for route in _routes(site, reference, language)]


def _routes(site: Site, reference: Reference, language: str) -> list[BaseRoute]:
    made: dict[str, Packed] = {}

    def render(text: str) -> Packed:
        values = {"found": reference.search(text), "q": text, "kinds": ["roots", *KINDS.values()]}
        return _packed(site, reference, language, "schema", {}, values)

    async def types(request: Request) -> Response:
        text = request.query_params.get("q", "").strip()[:MAX_SEARCH]
        if text:
            return render(text).response(request)
        made[""] = made.get("") or render("")
        return made[""].response(request)

    async def one(request: Request) -> Response:
        name = request.path_params["code"]
        if name not in reference.types:
            raise HTTPException(404)
        if name not in made:
            values = {"type": reference.types[name]}
            made[name] = _packed(site, reference, language, "schema_type", {"code": name}, values)
        return made[name].response(request)

    lists, single = (PATHS[name][language == "en"] for name in ("schema", "schema_type"))
    listing = cached(f"The types of the graph ({language})")
    search = Parameter("q", "Words that the names and descriptions of a type have.")
    return [
        DocumentedRoute(lists, types, get=replace(listing, parameters=[*listing.parameters, search])),
        DocumentedRoute(single, one, get=cached(f"A type of the graph ({language})", missing="There is no such type.")),
    ]


def _packed(
    site: Site, reference: Reference, language: str, name: str, params: Mapping[str, str], values: Mapping[str, object]
) -> Packed:
    place = {"addresses": addresses(name, params), "section": "schema"}
    html = rendering.render(name, site.reader(language), reference=reference.types, **values, **place)
    return Packed.pack(html, rendering.HTML)
