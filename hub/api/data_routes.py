"""The routes of data outside of the graph, with what the OpenAPI and AsyncAPI documents say of them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from hub.api.bulk import BulkEndpoint
from hub.api.files import FileEndpoint
from hub.api.streams import feed
from hub.web.operations import (
    EVENTS,
    NDJSON,
    TEXT,
    Access,
    ByMethod,
    Channel,
    DocumentedRoute,
    Operation,
    Parameter,
    Reply,
)

BULK, FEED, FILES = "/bulk/{system}", "/feed", "/files/{sha256}"
NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_SYSTEM = Parameter("system", "The name of the system.", "path")
_REFUSED = {401: "The token is missing or not valid.", 403: "A scope is missing, or the client may not send this."}

POST_BULK = Operation(
    summary="Push records of a system",
    access=Access.TOKEN,
    parameters=[
        _SYSTEM,
        Parameter(
            "Idempotency-Key",
            "A key for this body, so that an upload that was interrupted goes on.",
            "header",
            {"type": "string", "pattern": "^[A-Za-z0-9._:-]{8,128}$"},
            required=True,
        ),
    ],
    body={NDJSON: {"type": "string", "description": "One JSON object in each line."}},
    replies={200: Reply("A line for each row, and a summary", {NDJSON: TEXT})},
    refusals={
        **_REFUSED,
        400: "The key is not valid.",
        404: "There is no such system, or none that the client may push to.",
        409: "The key was used with another body.",
        415: "The body is not NDJSON in UTF-8.",
    },
)
GET_BULK = Operation(
    summary="Take a snapshot of a system's records",
    access=Access.TOKEN,
    parameters=[_SYSTEM, Parameter("after", "An expired cursor, whose other positions the new one keeps.")],
    replies={200: Reply("A line for each subject between a first line with the cursor and a last one", {NDJSON: TEXT})},
    refusals={**_REFUSED, 400: "The cursor is not valid.", 404: "There is no such system, or none for the client."},
)
GET_FILE = Operation(
    summary="Get a file of a record or a complaint",
    access=Access.TOKEN,
    parameters=[
        Parameter("sha256", "The SHA-256 of its content in hexadecimal.", "path", {"type": "string"}),
        Parameter("If-None-Match", "The ETag of what the reader has.", "header"),
    ],
    replies={200: Reply("The file", {"*/*": {}}, {"ETag": "Its SHA-256"}), 304: Reply("The reader has it already.")},
    refusals={**_REFUSED, 404: "There is no such file, or none that the viewer may see."},
)


def _feed_operation(kinds: Sequence[str]) -> Operation:
    return Operation(
        summary="Follow changes as they are made",
        access=Access.TOKEN,
        parameters=[
            Parameter("after", "The cursor after which to begin, or now, which is the default."),
            Parameter("systems", "Only changes of these.", schema=NAMES),
            Parameter("kinds", "Only changes of these.", schema={"type": "array", "items": {"enum": sorted(kinds)}}),
            Parameter("subjects", "Only changes of these tickets or ids of records.", schema=NAMES),
            Parameter("Last-Event-ID", "The cursor of the last event, as EventSource sends it.", "header"),
        ],
        replies={200: Reply("Events without end, see /asyncapi.json", {EVENTS: TEXT, NDJSON: TEXT})},
        refusals={**_REFUSED, 400: "A parameter is not valid."},
    )


FEED_CHANNEL = Channel(
    name="feed",
    title="Changes as they are made",
    description="Server-sent events whose id is the cursor or, with Accept: application/x-ndjson, lines with event,"
    " cursor and data.",
    address=FEED,
    access=Access.TOKEN,
    sends=feed.EVENTS,
)


def routes(
    bulk: BulkEndpoint, snapshots: ASGIApp, stream: ASGIApp, files: FileEndpoint, kinds: Sequence[str]
) -> list[BaseRoute]:
    """Return the routes; ``kinds`` are the names of the kinds of records."""
    return [
        DocumentedRoute(BULK, ByMethod(get=snapshots, post=bulk.post), get=GET_BULK, post=POST_BULK, strict=True),
        DocumentedRoute(FEED, stream, get=_feed_operation(kinds), channels=[FEED_CHANNEL]),
        DocumentedRoute(FILES, files.get, get=GET_FILE),
    ]
