"""GraphQL over server-sent events, the distinct connections mode of graphql-sse: one operation for each connection.

Source: the protocol of graphql-sse (github.com/enisdenjo/graphql-sse, PROTOCOL.md). Each result is an event ``next``;
``complete`` ends the operation.
"""

from __future__ import annotations

from contextlib import aclosing

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api.graphql.request import read_request
from hub.api.graphql.streamed import Body, StreamedOperations, ended_body
from hub.api.streams.registry import StreamEnded, Streams
from hub.api.streams.sending import DISCONNECTED, EVENT_STREAM, StreamBody, server_sent
from hub.web.headers import header

SIGN_OF_LIFE = b":\n\n"
"""A comment, which clients skip."""


class GraphQLEvents:
    """An ASGI app that streams results to a client that prefers events; ``endpoint`` gets all other requests."""

    def __init__(self, endpoint: ASGIApp, operations: StreamedOperations, streams: Streams) -> None:
        self._endpoint, self._operations, self._streams = endpoint, operations, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        if not prefers_events(header(request, "accept")):
            await self._endpoint(scope, receive, send)
            return
        quota = await self._operations.authenticate(request)
        graphql = await read_request(request)
        # A disconnect can only be detected after the body was read.
        await request.body()
        with self._streams.slot(quota.account):
            body = StreamBody(request, send, EVENT_STREAM, lambda: SIGN_OF_LIFE)
            await body.start(SIGN_OF_LIFE)
            try:
                async with (
                    self._streams.open(request, quota.viewer) as stream,
                    body.open(stream),
                    aclosing(self._operations.results(request, quota, graphql, stream)) as results,
                ):
                    async for result in results:
                        await body.write(next_event(result))
            except StreamEnded as ended:
                if ended.code == DISCONNECTED:
                    return
                await body.write(next_event(ended_body(request, ended)))
            await body.write(server_sent("", event="complete"))
            await body.finish()


def prefers_events(accept: str) -> bool:
    """Return whether events are the first that a client accepts; some clients accept them last for any operation."""
    return accept.split(",")[0].split(";")[0].strip().lower() == EVENT_STREAM


def next_event(result: Body) -> bytes:
    """Return the event of a result."""
    return server_sent(orjson.dumps(result).decode(), event="next")
