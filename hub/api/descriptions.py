"""``/openapi.json`` and ``/asyncapi.json``: the descriptions of the hub's endpoints, made from its routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.api.sent_webhooks import WEBHOOKS
from hub.web.asyncapi import asyncapi
from hub.web.openapi import openapi
from hub.web.operations import JSON, Channel, DocumentedRoute, DocumentedWebSocketRoute, page

OPENAPI, ASYNCAPI = "/openapi.json", "/asyncapi.json"
_PUBLIC = {"Cache-Control": "public, max-age=300"}


class Descriptions:
    """Both documents of the routes of an app, made when they are first asked for; ``origin`` is that of the hub."""

    def __init__(self, routes: Iterable[BaseRoute], origin: str) -> None:
        self._origin = origin
        # First, because a page for the public has figures at "/{figure}.json".
        self._routes: Sequence[BaseRoute] = [
            DocumentedRoute(OPENAPI, self._openapi, get=page("This document", JSON)),
            DocumentedRoute(ASYNCAPI, self._asyncapi, get=page("The streams, hooks and webhooks (AsyncAPI)", JSON)),
            *routes,
        ]
        self._made = cache(self._make)

    def routes(self) -> list[BaseRoute]:
        """Return the routes, those of the documents included."""
        return [*self._routes]

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return openapi(self._routes, version("hub"))

    def asyncapi(self) -> dict[str, Any]:
        """Return the AsyncAPI document."""
        documented = (DocumentedRoute, DocumentedWebSocketRoute)
        channels: list[Channel] = [c for each in self._routes if isinstance(each, documented) for c in each.channels]
        return asyncapi([*channels, WEBHOOKS], version("hub"), self._origin)

    def _make(self, name: str) -> bytes:
        return to_json(self.openapi() if name == OPENAPI else self.asyncapi())

    async def _openapi(self, request: Request) -> Response:
        return Response(self._made(OPENAPI), headers=_PUBLIC, media_type=JSON)

    async def _asyncapi(self, request: Request) -> Response:
        return Response(self._made(ASYNCAPI), headers=_PUBLIC, media_type=JSON)


def to_json(document: dict[str, Any]) -> bytes:
    """Return a document as it is served and kept in ``docs/``."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
