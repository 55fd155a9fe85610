"""GraphQL over WebSocket by the protocol ``graphql-transport-ws``: any number of operations on one connection.

Source: the protocol of graphql-ws (github.com/enisdenjo/graphql-ws, PROTOCOL.md). Credentials come with the headers of
the handshake or, from a browser, under the same names in the payload of ``connection_init``. When the credentials end,
the connection is closed with a code; the reason begins with the hub's own code, such as ``TOKEN_EXPIRED``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from hub.api.graphql.quotas import Quota
from hub.api.graphql.request import parse_parameters
from hub.api.graphql.streamed import StreamedOperations, in_language_of
from hub.api.streams.registry import Stream, StreamEnded, Streams
from hub.api.streams.sending import DISCONNECTED
from hub.concurrency import cancel_and_wait
from hub.errors import HubError, TryLater
from hub.messages import message_of
from hub.web.cors import MAY_READ
from hub.web.error_responses import masked_error, public_error
from hub.web.middleware import request_id
from hub.web.request_error import RequestError

PROTOCOL = "graphql-transport-ws"
INIT_TIMEOUT = 10.0
"""Seconds until ``connection_init`` has to arrive."""
MAX_OPERATIONS = 50
"""Operations of one connection at a time."""
CREDENTIALS = ("authorization", "hub-tracking-code", "hub-purpose", "accept-language")
"""What ``connection_init`` may carry, by the names of the headers."""

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE = 4400, 4401, 4403, 4406
INIT_TIMED_OUT, EXISTS, TOO_MANY_INITS, INTERNAL, SERVICE_RESTART = 4408, 4409, 4429, 4500, 1012
CLOSE_CODES = {
    "GOING_AWAY": SERVICE_RESTART,
    "TRY_LATER": SERVICE_RESTART,
    "TOKEN_EXPIRED": FORBIDDEN,
    "RIGHTS_CHANGED": FORBIDDEN,
}
"""With these codes a client of graphql-ws connects again; with any other it gives up."""


class _Closed(Exception):
    """The connection has to be closed with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class GraphQLWebSocket:
    """An ASGI app for WebSocket connections."""

    def __init__(self, operations: StreamedOperations, streams: Streams) -> None:
        self._operations, self._streams = operations, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        socket = WebSocket(scope, receive, send)
        known = PROTOCOL in scope["subprotocols"]
        await socket.accept(PROTOCOL if known else None)
        try:
            if not known:
                raise _Closed(NOT_ACCEPTABLE, f"Subprotocol not acceptable: use {PROTOCOL}")
            await self._serve(socket)
        except _Closed as closed:
            await _close(socket, closed.code, closed.reason)
        except StreamEnded as ended:
            if ended.code != DISCONNECTED:
                await _close(socket, CLOSE_CODES.get(ended.code, UNAUTHORIZED), f"{ended.code}: {ended.message}")
        except WebSocketDisconnect:
            return

    async def _serve(self, socket: WebSocket) -> None:
        request = await _initialised(socket)
        try:
            quota = await self._operations.authenticate(request)
        except (HTTPException, HubError) as error:
            detail = error.detail if isinstance(error, HTTPException) else message_of(error)
            raise _Closed(FORBIDDEN if isinstance(error, HubError) else UNAUTHORIZED, detail) from None
        may_read: Callable[[str | None], Awaitable[bool]] | None = socket.scope.get(MAY_READ)
        if may_read and not await may_read(quota.viewer.client):
            raise _Closed(UNAUTHORIZED, "This origin is not registered for the client.")
        with self._slot(quota.account):
            await _send(socket, {"type": "connection_ack"})
            await self._receive(socket, request, quota)

    @contextmanager
    def _slot(self, account: str) -> Iterator[None]:
        """Count the connection, apart from its operations: one without operations takes memory too."""
        try:
            with self._streams.slot(f"connection {account}"):
                yield
        except RequestError as refused:
            raise _Closed(FORBIDDEN, refused.detail) from None
        except TryLater as error:
            raise _Closed(SERVICE_RESTART, message_of(error)) from None

    async def _receive(self, socket: WebSocket, request: Request, quota: Quota) -> None:
        async with self._streams.open(request, quota.viewer) as stream:
            connection = _Connection(socket, request, stream, self._operations, self._streams)
            try:
                await connection.receive()
            finally:
                await cancel_and_wait(connection.running.values())


class _Connection:
    """The operations of one connection."""

    def __init__(
        self, socket: WebSocket, request: Request, stream: Stream, operations: StreamedOperations, streams: Streams
    ) -> None:
        self._socket, self._request, self._stream = socket, request, stream
        self._operations, self._streams = operations, streams
        self.running: dict[str, asyncio.Task[None]] = {}

    async def receive(self) -> None:
        """Handle the client's messages until it disconnects."""
        while True:
            message = await _receive(self._socket)
            match message:
                case {"type": "subscribe", "id": str(name), "payload": dict(payload)}:
                    await self._subscribe(name, payload)
                case {"type": "complete", "id": str(name)}:
                    if task := self.running.pop(name, None):
                        await cancel_and_wait([task])
                case {"type": "ping"}:
                    await _send(self._socket, {"type": "pong"})
                case {"type": "pong"}:
                    pass
                case {"type": "connection_init"}:
                    raise _Closed(TOO_MANY_INITS, "Too many initialisation requests")
                case _:
                    raise _Closed(BAD_REQUEST, "Invalid message")

    async def _subscribe(self, name: str, payload: dict[str, Any]) -> None:
        if name in self.running:
            raise _Closed(EXISTS, "Subscriber already exists")
        if len(self.running) >= MAX_OPERATIONS:
            raise _Closed(BAD_REQUEST, f"A connection may have {MAX_OPERATIONS} operations at a time")
        self.running[name] = asyncio.create_task(self._run(name, payload))

    async def _run(self, name: str, payload: dict[str, Any]) -> None:
        try:
            # Each operation counts as a request.
            quota = await self._operations.authenticate(self._request)
            with self._streams.slot(quota.account):
                completed = await self._send_results(name, quota, payload)
        except StreamEnded as ended:
            self._stream.end(ended)
            return
        except (HTTPException, HubError) as error:
            completed = False
            await self._send_error(name, [_public(error, self._request)])
        except WebSocketDisconnect:
            return
        self.running.pop(name, None)
        if completed:
            await _send(self._socket, {"id": name, "type": "complete"})

    async def _send_results(self, name: str, quota: Quota, payload: dict[str, Any]) -> bool:
        """Send the results; return False if the operation was refused, which an error has ended."""
        graphql = parse_parameters(payload)
        async with aclosing(self._operations.results(self._request, quota, graphql, self._stream)) as results:
            async for result in results:
                if "data" not in result:
                    await self._send_error(name, result["errors"])
                    return False
                await _send(self._socket, {"id": name, "type": "next", "payload": result})
        return True

    async def _send_error(self, name: str, errors: list[Any]) -> None:
        await _send(self._socket, {"id": name, "type": "error", "payload": errors})


async def _initialised(socket: WebSocket) -> Request:
    """Wait for ``connection_init`` and return the connection as a request with its credentials."""
    try:
        async with asyncio.timeout(INIT_TIMEOUT):
            message = await _receive(socket)
    except TimeoutError:
        raise _Closed(INIT_TIMED_OUT, "Connection initialisation timeout") from None
    if message.get("type") != "connection_init":
        raise _Closed(UNAUTHORIZED, "Send connection_init first")
    payload = message.get("payload") or {}
    if not isinstance(payload, dict):
        raise _Closed(BAD_REQUEST, "Invalid payload of connection_init")
    headers = MutableHeaders(raw=list(socket.scope["headers"]))
    for name, value in payload.items():
        if name.lower() in CREDENTIALS and isinstance(value, str) and value.isprintable() and value.isascii():
            headers[name.lower()] = value
    return Request({**socket.scope, "type": "http", "method": "GET", "headers": headers.raw})


async def _receive(socket: WebSocket) -> dict[str, Any]:
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1000))
    try:
        message = orjson.loads(received.get("text") or "")
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise _Closed(BAD_REQUEST, "Invalid message")
    return message


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    await socket.send_text(orjson.dumps(message).decode())


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    # The protocol allows 123 bytes.
    try:
        await socket.close(code, reason.encode()[:120].decode(errors="ignore"))
    except (RuntimeError, WebSocketDisconnect):
        return  # The client was faster.


def _public(error: HTTPException | HubError, request: Request) -> dict[str, Any]:
    if isinstance(error, HTTPException):
        found = error.detail, getattr(error, "extensions", {"code": "UNAUTHENTICATED"})
    else:
        found = public_error(error) or masked_error(request_id(request))
    body = in_language_of(request, {"errors": [{"message": found[0], "extensions": found[1]}]})
    first: dict[str, Any] = body["errors"][0]
    return first
