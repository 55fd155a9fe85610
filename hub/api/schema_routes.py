"""The schema for programs: as SDL for code generators, and as JSON for the query page, which shows and completes it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from hub.api.type_reference import Reference
from hub.web.headers import header
from hub.web.operations import JSON, DocumentedRoute, page

TYPES = "/schema.json"
"""The address of the types of the graph."""
MINUTE = {"Cache-Control": "public, max-age=60", "Vary": "Accept-Encoding"}
# A description is sent with its type alone: together they are more than all the rest.
_BRIEF = frozenset({"description", "used_by", "type_name"})
_WHOLE = frozenset({"type_name"})
_RENAMED = {"type_text": "type", "used_by": "usedBy"}


def schema_routes(reference: Reference) -> list[BaseRoute]:
    """Return the routes of the schema as clients see it: its SDL, its types, and one of them."""
    types = _Types(reference)

    async def text(_: Request) -> Response:
        return PlainTextResponse(reference.client_sdl)

    return [
        DocumentedRoute("/schema.graphql", text, get=page("The graph in SDL, as clients see it", "text/plain")),
        DocumentedRoute(TYPES, types.all, get=page("The types of the graph, without descriptions", JSON)),
        DocumentedRoute(
            "/schema/{name}.json",
            types.one,
            get=page("A type of the graph with its descriptions", JSON, refusals={404: "There is no such type."}),
        ),
    ]


class _Types:
    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    @cached_property
    def _body(self) -> bytes:
        return orjson.dumps([shown(asdict(each), _BRIEF) for each in self._reference.types.values()])

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self._body, mtime=0)

    async def all(self, request: Request) -> Response:
        """Return all types."""
        if "gzip" in header(request, "accept-encoding"):
            return Response(self._compressed, headers={**MINUTE, "Content-Encoding": "gzip"}, media_type=JSON)
        return Response(self._body, headers=MINUTE, media_type=JSON)

    async def one(self, request: Request) -> Response:
        """Return a type; raises 404 if there is none."""
        found = self._reference.types.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return Response(orjson.dumps(shown(asdict(found), _WHOLE)), headers=MINUTE, media_type=JSON)


def shown(value: Any, left_out: frozenset[str]) -> Any:
    """Return a part of a type as JSON has it: without what is empty, and without the members ``left_out``."""
    if isinstance(value, Mapping):
        kept = {name: each for name, each in value.items() if each and name not in left_out}
        return {_RENAMED.get(name, name): shown(each, left_out) for name, each in kept.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [shown(each, left_out) for each in value]
    return value
