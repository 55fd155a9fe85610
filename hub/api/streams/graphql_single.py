"""GraphQL over server-sent events, the single connection mode of graphql-sse: all operations share one stream.

Source: the protocol of graphql-sse (PROTOCOL.md). ``PUT`` reserves a stream and returns its token, ``GET`` opens it,
``POST`` starts an operation whose results come over the stream, and ``DELETE`` ends one. A reservation belongs to its
viewer, whose credentials each request has to carry, and to this process: behind several processes a client needs a
sticky connection, or the other mode.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from hub.api.graphql.quotas import Quota
from hub.api.graphql.request import GraphQLRequest, parse_parameters
from hub.api.graphql.streamed import Body, StreamedOperations, ended_body
from hub.api.streams.graphql_events import SIGN_OF_LIFE
from hub.api.streams.registry import COME_BACK, MAX_PER_ACCOUNT, MAX_STREAMS, Stream, StreamEnded, Streams
from hub.api.streams.sending import DISCONNECTED, EVENT_STREAM, StreamBody, server_sent
from hub.concurrency import cancel_and_wait
from hub.errors import HubError, TryLater
from hub.messages import Bilingual
from hub.viewer import Viewer
from hub.web.request_error import RequestError

TOKEN_HEADER = "x-graphql-event-stream-token"  # noqa: S105  (the name of a header)
RESERVED_FOR = 60.0
"""Seconds within which a reserved stream has to be opened."""
MAX_OPERATIONS = 50
"""Operations of one stream at a time."""
QUEUED = 100
"""Results that wait for the stream; an operation waits for room."""


@dataclass(eq=False)
class _Reservation:
    """A stream that a viewer has reserved, and its running operations."""

    viewer: Viewer
    account: str
    until: float
    stream: Stream | None = None
    results: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUED))
    operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)


class SingleConnection:
    """An ASGI app for ``/graphql/stream``."""

    def __init__(self, operations: StreamedOperations, streams: Streams) -> None:
        self._operations, self._streams = operations, streams
        self._reserved: dict[str, _Reservation] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        quota = await self._operations.authenticate(request)
        match request.method:
            case "PUT":
                await request.body()
                response: Response = PlainTextResponse(self._reserve(quota), 201)
            case "GET":
                await self._open(request, quota, send)
                return
            case "POST":
                response = await self._start(request, quota)
            case "DELETE":
                response = await self._stop(request, quota)
            case _:
                message = Bilingual("Use PUT, GET, POST or DELETE.", "Pakailah PUT, GET, POST, atau DELETE.")
                raise RequestError(405, "METHOD_NOT_ALLOWED", message, {"Allow": "GET, POST, PUT, DELETE"})
        await response(scope, receive, send)

    def _reserve(self, quota: Quota) -> str:
        now = time.monotonic()
        stale = [token for token, each in self._reserved.items() if each.stream is None and each.until < now]
        for token in stale:
            del self._reserved[token]
        # One who reserves and never opens may not keep the streams of all others.
        own = sum(each.account == quota.account for each in self._reserved.values())
        if own >= MAX_PER_ACCOUNT:
            raise RequestError(429, "TOO_MANY_STREAMS", _TOO_MANY, limit=MAX_PER_ACCOUNT)
        if len(self._reserved) >= MAX_STREAMS:
            raise TryLater(_TOO_MANY, COME_BACK)
        token = token_urlsafe(24)
        self._reserved[token] = _Reservation(quota.viewer, quota.account, now + RESERVED_FOR)
        return token

    def _found(self, request: Request, quota: Quota) -> tuple[str, _Reservation]:
        given = request.headers.get(TOKEN_HEADER) or request.query_params.get("token") or ""
        for token, reservation in self._reserved.items():
            if hmac.compare_digest(token.encode(), given.encode()) and reservation.viewer == quota.viewer:
                return token, reservation
        raise RequestError(404, "NOT_FOUND", _NO_STREAM)

    async def _open(self, request: Request, quota: Quota, send: Send) -> None:
        await request.body()
        token, reservation = self._found(request, quota)
        if reservation.stream is not None:
            raise RequestError(409, "STREAM_OPEN", _OPEN_ALREADY)
        with self._streams.slot(quota.account):
            body = StreamBody(request, send, EVENT_STREAM, lambda: SIGN_OF_LIFE)
            try:
                async with self._streams.open(request, quota.viewer) as stream:
                    reservation.stream = stream
                    await body.start(SIGN_OF_LIFE)
                    async with body.open(stream):
                        while True:
                            await body.write(await reservation.results.get())
            except StreamEnded as ended:
                if ended.code != DISCONNECTED:
                    for name in reservation.operations:
                        await body.write(_event("next", name, ended_body(request, ended)))
                        await body.write(_event("complete", name))
                    await body.finish()
            finally:
                self._reserved.pop(token, None)
                await cancel_and_wait(reservation.operations.values())

    async def _start(self, request: Request, quota: Quota) -> Response:
        body = await request.body()
        _, reservation = self._found(request, quota)
        name, graphql = _operation(body)
        if reservation.stream is None:
            raise RequestError(409, "STREAM_NOT_OPEN", _NOT_OPEN)
        if name in reservation.operations or len(reservation.operations) >= MAX_OPERATIONS:
            raise RequestError(409, "OPERATION_EXISTS", _EXISTS, limit=MAX_OPERATIONS)
        running = self._run(request, quota, graphql, reservation, reservation.stream, name)
        reservation.operations[name] = asyncio.create_task(running)
        return Response(status_code=202)

    async def _run(
        self,
        request: Request,
        quota: Quota,
        graphql: GraphQLRequest,
        reservation: _Reservation,
        stream: Stream,
        name: str,
    ) -> None:
        try:
            async with aclosing(self._operations.results(request, quota, graphql, stream)) as results:
                async for result in results:
                    await reservation.results.put(_event("next", name, result))
            await reservation.results.put(_event("complete", name))
        except StreamEnded as ended:
            stream.end(ended)
            return
        except HubError:
            await reservation.results.put(_event("complete", name))
        reservation.operations.pop(name, None)

    async def _stop(self, request: Request, quota: Quota) -> Response:
        _, reservation = self._found(request, quota)
        task = reservation.operations.pop(request.query_params.get("operationId", ""), None)
        if task is not None:
            await cancel_and_wait([task])
        return Response(status_code=200)


def _event(event: str, name: str, payload: Body | None = None) -> bytes:
    data: dict[str, Any] = {"id": name} if payload is None else {"id": name, "payload": payload}
    return server_sent(orjson.dumps(data).decode(), event=event)


def _operation(body: bytes) -> tuple[str, GraphQLRequest]:
    """Return the id and the parameters of an operation; raises ``RequestError`` (400)."""
    try:
        given = orjson.loads(body)
        name = given["extensions"]["operationId"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        name = None
    if not isinstance(name, str):
        raise RequestError(400, "BAD_REQUEST", _NO_ID)
    return name, parse_parameters(given)


_NO_STREAM = Bilingual(
    "You have no such stream; reserve one with PUT.", "Anda tidak punya aliran ini; pesan dulu dengan PUT."
)
_OPEN_ALREADY = Bilingual("The stream is open already.", "Aliran ini sudah terbuka.")
_NOT_OPEN = Bilingual("Open the stream with GET first.", "Buka dulu alirannya dengan GET.")
_NO_ID = Bilingual(
    "Send a JSON object with the operation and extensions.operationId.",
    "Kirim objek JSON dengan operasi dan extensions.operationId.",
)
_EXISTS = Bilingual(
    f"The stream has an operation with this id, or {MAX_OPERATIONS} operations.",
    f"Aliran ini sudah punya operasi dengan id ini, atau {MAX_OPERATIONS} operasi.",
)
_TOO_MANY = Bilingual("Too many streams are reserved.", "Terlalu banyak aliran dipesan.")
