"""The routes of the graph, with what the OpenAPI and AsyncAPI documents say of them."""

from __future__ import annotations

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from hub.api.graphql.request import GRAPHQL
from hub.api.streams.graphql_single import TOKEN_HEADER
from hub.api.streams.graphql_websocket import PROTOCOL
from hub.web.operations import (
    EVENTS,
    JSON,
    TEXT,
    Access,
    Channel,
    DocumentedRoute,
    DocumentedWebSocketRoute,
    Event,
    Operation,
    Parameter,
    Reply,
    Schema,
)

OBJECT: Schema = {"type": "object"}
REQUEST: Schema = {
    "type": "object",
    "anyOf": [{"required": ["query"]}, {"required": ["documentId"]}, {"required": ["extensions"]}],
    "properties": {
        "query": {"type": ["string", "null"], "description": "The text of the operation."},
        "documentId": {"type": ["string", "null"], "description": "The id of an operation that the client registered."},
        "operationName": {"type": ["string", "null"]},
        "variables": {"type": ["object", "null"]},
        "extensions": {"type": ["object", "null"]},
    },
}
RESULT: Schema = {
    "type": "object",
    "anyOf": [{"required": ["data"]}, {"required": ["errors"]}],
    "properties": {
        "data": {"type": ["object", "null"]},
        "errors": {"type": "array", "items": {"type": "object", "required": ["message"]}},
        "extensions": {
            "type": "object",
            "properties": {"cost": OBJECT, "requests": OBJECT},
            "description": "The estimated cost, and what is left of the limits of a minute.",
        },
    },
}
_RESULTS = {200: Reply("The result; with application/json also refusals", {JSON: RESULT, GRAPHQL: RESULT, EVENTS: {}})}
_REFUSALS = {
    400: "The request or the operation is not valid, or is over a limit.",
    401: "The token or the tracking code is not valid.",
    403: "A scope is missing.",
    405: "A mutation by GET.",
    406: "No accepted media type can be sent, or a subscription was sent without a stream.",
    415: "The body is not JSON.",
}

_NEXT = Event(summary="A result of an operation", payload=RESULT)
_COMPLETE = Event(summary="The operation has ended", payload=TEXT, content_type="text/plain")
EVENTS_CHANNEL = Channel(
    name="graphqlEvents",
    title="One GraphQL operation as server-sent events",
    description="The distinct connections mode of graphql-sse: POST or GET with Accept: text/event-stream first.",
    address="/graphql",
    method="POST",
    access=Access.OPTIONAL_TOKEN,
    receives={"request": Event(summary="The operation", payload=REQUEST)},
    sends={"next": _NEXT, "complete": _COMPLETE},
)


def _named(payload: Schema) -> Schema:
    return {"type": "object", "required": ["id"], "properties": {"id": TEXT, "payload": payload}}


SINGLE_CHANNEL = Channel(
    name="graphqlStream",
    title="Any number of GraphQL operations as server-sent events of one connection",
    description="The single connection mode of graphql-sse: PUT reserves the stream, GET opens it, POST starts an"
    " operation and DELETE ends one.",
    address="/graphql/stream",
    access=Access.OPTIONAL_TOKEN,
    sends={
        "next": Event(summary="A result of the operation `id`", payload=_named(RESULT)),
        "complete": Event(summary="The operation `id` has ended", payload=_named(RESULT)),
    },
)


def _message(type_: str, summary: str, *, named: bool = False, payload: Schema | None = None) -> Event:
    properties: dict[str, Schema] = {"type": {"const": type_}}
    required = ["type", *(["id"] if named else []), *(["payload"] if named and payload else [])]
    if named:
        properties["id"] = TEXT
    if payload is not None:
        properties["payload"] = payload
    return Event(summary=summary, payload={"type": "object", "required": required, "properties": properties})


_ERRORS: Schema = {"type": "array", "items": OBJECT}
WEBSOCKET_CHANNEL = Channel(
    name="graphqlWebSocket",
    title="GraphQL over WebSocket",
    description=f"The protocol {PROTOCOL} of graphql-ws. Credentials are headers of the handshake, or have the same"
    " names in the payload of connection_init. Close codes are in docs/follow.md.",
    address="/graphql",
    method="",
    access=Access.OPTIONAL_TOKEN,
    receives={
        "connectionInit": _message("connection_init", "Begins, with credentials", payload=OBJECT),
        "subscribe": _message("subscribe", "Starts an operation", named=True, payload=REQUEST),
        "completeByClient": _message("complete", "Ends an operation", named=True),
        "ping": _message("ping", "Asks for a pong"),
    },
    sends={
        "connectionAck": _message("connection_ack", "The connection may be used"),
        "next": _message("next", "A result", named=True, payload=RESULT),
        "error": _message("error", "The operation was refused", named=True, payload=_ERRORS),
        "complete": _message("complete", "The operation has ended", named=True),
        "pong": _message("pong", "Answers a ping"),
    },
)


def routes(operations: ASGIApp, single: ASGIApp, socket: ASGIApp) -> list[BaseRoute]:
    """Return the routes of ``/graphql``, of its single connection mode, and of its WebSocket."""
    return [
        DocumentedRoute("/graphql", operations, get=_GET, post=_POST, channels=[EVENTS_CHANNEL]),
        DocumentedRoute(
            "/graphql/stream", single, channels=[SINGLE_CHANNEL], put=_PUT, get=_OPEN, post=_START, delete=_END
        ),
        DocumentedWebSocketRoute("/graphql", socket, WEBSOCKET_CHANNEL),
    ]


_GET = Operation(
    summary="Execute a query",
    parameters=[
        Parameter("query", "The text of the operation."),
        Parameter("documentId", "The id of an operation that the client registered."),
        Parameter("operationName", "The operation to execute, if the text has several."),
        Parameter("variables", "The variables as a JSON object."),
        Parameter("extensions", "Extensions as a JSON object."),
    ],
    replies=_RESULTS,
    refusals=_REFUSALS,
    access=Access.OPTIONAL_TOKEN,
    errors=(JSON, GRAPHQL),
)
_POST = Operation(
    summary="Execute an operation",
    body={JSON: REQUEST},
    replies=_RESULTS,
    refusals=_REFUSALS,
    access=Access.OPTIONAL_TOKEN,
    errors=(JSON, GRAPHQL),
)

_UNKNOWN = {401: _REFUSALS[401], 404: "The viewer has no such stream."}
_TOKEN = Parameter(TOKEN_HEADER, "The token of the reserved stream; GET may have it as the parameter token.", "header")
_ONE = Parameter("token", "The token of the reserved stream, instead of the header.")
_PUT = Operation(
    summary="Reserve a stream",
    replies={201: Reply("The token of the stream", {"text/plain": TEXT})},
    refusals={401: _REFUSALS[401]},
    access=Access.OPTIONAL_TOKEN,
)
_OPEN = Operation(
    summary="Open the reserved stream",
    parameters=[_TOKEN, _ONE],
    replies={200: Reply("The results of all operations", {EVENTS: TEXT})},
    refusals={**_UNKNOWN, 409: "The stream is open already."},
    access=Access.OPTIONAL_TOKEN,
)
_START = Operation(
    summary="Start an operation of the stream",
    parameters=[_TOKEN],
    body={JSON: {**REQUEST, "required": ["extensions"]}},
    replies={202: Reply("The operation was started.")},
    refusals={**_UNKNOWN, 400: _REFUSALS[400], 409: "The stream is not open, or has this operation already."},
    access=Access.OPTIONAL_TOKEN,
)
_END = Operation(
    summary="End an operation of the stream",
    parameters=[_TOKEN, Parameter("operationId", "The id of the operation.")],
    replies={200: Reply("The operation has ended.")},
    refusals=_UNKNOWN,
    access=Access.OPTIONAL_TOKEN,
)
