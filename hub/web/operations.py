"""What a route declares of itself beside its path and its endpoint; the OpenAPI and AsyncAPI documents are made of it.

Schemas are JSON Schema 2020-12, as in OpenAPI 3.1 and AsyncAPI 3.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from starlette.routing import Route, WebSocketRoute, request_response
from starlette.types import Receive, Scope, Send

Schema = Mapping[str, Any]

ANY: Schema = {}
TEXT: Schema = {"type": "string"}
JSON, HTML, NDJSON, EVENTS, FORM = (
    "application/json",
    "text/html",
    "application/x-ndjson",
    "text/event-stream",
    "application/x-www-form-urlencoded",
)


PAGE_ERRORS = (JSON, HTML)
"""The media types of errors of what browsers show: they get a page."""


class Access(Enum):
    """What identifies the caller of an operation."""

    PUBLIC = "PUBLIC"
    """Nothing is needed."""
    OPTIONAL_TOKEN = "OPTIONAL_TOKEN"  # noqa: S105  (a name)
    """An access token or a tracking code may be sent; without one the caller is the public."""
    TOKEN = "TOKEN"  # noqa: S105  (a name)
    """An access token is needed."""
    CLIENT = "CLIENT"
    """A client authenticates as it registered."""
    SIGNATURE = "SIGNATURE"
    """The call is signed as its system's contract says."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the ``query``, a ``header`` or the ``path``."""

    name: str
    description: str
    place: str = "query"
    schema: Schema = field(default_factory=lambda: TEXT)
    required: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its body by media type, which is empty if there is none, and the headers it has."""

    description: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of a route. ``refusals`` are statuses of errors and what they mean, besides those of all."""

    summary: str
    replies: Mapping[int, Reply]
    access: Access = Access.PUBLIC
    scopes: Sequence[str] = ()
    parameters: Sequence[Parameter] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    refusals: Mapping[int, str] = field(default_factory=dict)
    errors: Sequence[str] = (JSON,)
    """The media types of errors, of which the first may be alone; none if they have no body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A message of a channel."""

    summary: str
    payload: Schema
    content_type: str = JSON
    headers: Schema | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Messages that the hub sends or receives at one address; ``address`` is None if the receiver chooses it."""

    name: str
    title: str
    description: str
    address: str | None
    sends: Mapping[str, Event] = field(default_factory=dict)
    receives: Mapping[str, Event] = field(default_factory=dict)
    access: Access = Access.PUBLIC
    method: str = "GET"
    """The HTTP method; empty for a WebSocket."""


class DocumentedRoute(Route):
    """A route that says what it does: ``operations`` by method, and ``channels`` that it opens.

    ``paths`` are the paths that it serves if they are not its own, such as those below a prefix. An endpoint that is an
    ASGI app answers other methods by itself, unless the route is ``strict``.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        channels: Sequence[Channel] = (),
        paths: Sequence[str] = (),
        strict: bool = False,
        **operations: Operation,
    ) -> None:
        self.operations = {method.upper(): operation for method, operation in operations.items()}
        self.channels, self.paths = channels, paths or (path,)
        methods = [*self.operations] if strict or inspect.isroutine(endpoint) else None
        super().__init__(path, endpoint, methods=methods)


class ByMethod:
    """An ASGI app that has an endpoint for each method, so that a refusal of another method can name all of them."""

    def __init__(self, **endpoints: Callable[..., Any]) -> None:
        self._apps = {
            method.upper(): request_response(endpoint) if inspect.isroutine(endpoint) else endpoint
            for method, endpoint in endpoints.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the endpoint of its method; HEAD is answered like GET."""
        await self._apps["GET" if scope["method"] == "HEAD" else scope["method"]](scope, receive, send)


class DocumentedWebSocketRoute(WebSocketRoute):
    """A route for WebSocket connections with the channel that it opens."""

    def __init__(self, path: str, endpoint: Callable[..., Any], channel: Channel) -> None:
        self.channels = (channel,)
        super().__init__(path, endpoint)


def page(summary: str, media: str = HTML, *, refusals: Mapping[int, str] | None = None) -> Operation:
    """Return the operation of a page or a document for the public."""
    replies = {200: Reply("Success", {media: TEXT if media.startswith("text/") else {}})}
    return Operation(summary=summary, replies=replies, refusals=refusals or {}, errors=PAGE_ERRORS)


def text(summary: str) -> Operation:
    """Return the operation of a plain text for the public."""
    return page(summary, "text/plain")


def cached(summary: str, media: str = HTML, *, missing: str = "There is no such page.") -> Operation:
    """Return the operation of what is the same for everybody, so that readers keep it and ask whether it changed."""
    success = Reply("Success", {media: TEXT if media.startswith("text/") else {}}, {"ETag": "Names the content"})
    return Operation(
        summary=summary,
        parameters=[Parameter("If-None-Match", "The ETag of what the reader has.", "header")],
        replies={200: success, 304: Reply("The reader has it already.")},
        refusals={404: missing},
        errors=PAGE_ERRORS,
    )
