"""CORS (Fetch standard): which web pages may read which responses, by path and by client.

Metadata and public keys are open to all origins. The GraphQL endpoint and the other endpoints that front-ends call
are open to the origins that clients have registered: a page of one client cannot read responses to another client.
A preflight request does not identify the client, so it is allowed for the registered origins of all clients; the
response itself is readable only for the origins of the client that sent the request. All other paths are closed to
other origins, in particular the authorization pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import TryLater
from hub.store.oauth.clients import Client

LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"

PUBLIC_PREFIXES = ("/.well-known/", "/oauth/jwks")
CLIENT_PATHS = frozenset(
    {"/graphql", "/graphql/stream", "/feed", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/oauth/par"}
)
CLIENT_PREFIX = "/files/"

ALLOWED_HEADERS = (
    "authorization",
    "content-type",
    "dpop",
    "hub-purpose",
    "hub-tracking-code",
    "last-event-id",
    "x-request-id",
)
EXPOSED_HEADERS = (
    "content-disposition",
    "dpop-nonce",
    "etag",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
)


MAY_READ = "hub.may_read"
"""The key of the scope of a WebSocket from another origin: a function of the client's id, whether it may go on."""


class RegisteredClients(Protocol):
    """The registered clients; ``hub.web.client_policies.ClientPolicies`` implements it."""

    async def get(self, client_id: str) -> Client | None:
        """Return the client; None if it does not exist or is suspended."""

    async def origins(self) -> frozenset[str]:
        """Return the origins that clients have registered."""


class CorsMiddleware:
    """Middleware that applies the CORS rule of the path; see the module.

    Authentication stores the client's id in ``scope["hub.client"]``. Origins in ``trusted``, and with ``local`` all
    origins on this machine (for development), may read what any client may read.
    """

    def __init__(
        self, app: ASGIApp, policies: RegisteredClients, *, trusted: Sequence[str] = (), local: bool = False
    ) -> None:
        self.app = app
        self._public = CORSMiddleware(app, allow_origins=["*"], allow_methods=["GET"], expose_headers=EXPOSED_HEADERS)
        self._per_client = _ClientCors(app, policies, trusted, local)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond to a preflight request; refuse a WebSocket of another origin."""
        if scope["type"] == "websocket" and (origin := Headers(scope=scope).get("origin")) is not None:
            await self._per_client.connect(scope, receive, send, origin)
            return
        await self._policy_for(scope)(scope, receive, send)

    def _policy_for(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http" or "origin" not in Headers(scope=scope):
            return self.app
        path: str = scope["path"]
        if path.startswith(PUBLIC_PREFIXES):
            return self._public
        return self._per_client if path in CLIENT_PATHS or path.startswith(CLIENT_PREFIX) else self.app


class _ClientCors(CORSMiddleware):
    """The rule for endpoints that front-ends call: origins of registered clients."""

    def __init__(self, app: ASGIApp, policies: RegisteredClients, trusted: Sequence[str], local: bool) -> None:
        super().__init__(
            app,
            allow_origins=trusted,
            allow_origin_regex=LOCAL_ORIGIN if local else None,
            allow_methods=["GET", "POST"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
        self._policies = policies
        self._registered: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refresh the registered origins, then handle the request."""
        # If they cannot be loaded, the previous ones apply; the request itself fails with the error.
        with contextlib.suppress(TryLater):
            self._registered = await self._policies.origins()
        await super().__call__(scope, receive, send)

    async def connect(self, scope: Scope, receive: Receive, send: Send, origin: str) -> None:
        """Pass a WebSocket on if a page of ``origin`` may open one: browsers leave that decision to the server."""
        with contextlib.suppress(TryLater):
            self._registered = await self._policies.origins()
        if urlsplit(origin).netloc == Headers(scope=scope).get("host"):
            await self.app(scope, receive, send)
        elif self.is_allowed_origin(origin):
            # The client is known only after the first message.
            may_read = partial(self._may_read_as, origin=origin)
            await self.app({**scope, MAY_READ: may_read}, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def is_allowed_origin(self, origin: str) -> bool:
        """Return whether a client has registered ``origin``, or it is trusted."""
        return self._is_trusted(origin) or origin in self._registered

    def _is_trusted(self, origin: str) -> bool:
        return super().is_allowed_origin(origin)

    async def simple_response(self, scope: Scope, receive: Receive, send: Send, request_headers: Headers) -> None:
        """Send the response; without the CORS header if the origin is not one of the request's client."""
        origin = request_headers["origin"]

        async def send_to_own_origin(message: Message) -> None:
            if message["type"] == "http.response.start" and not await self._may_read(Request(scope), origin):
                del MutableHeaders(scope=message)["Access-Control-Allow-Origin"]
            await send(message)

        await super().simple_response(scope, receive, send_to_own_origin, request_headers=request_headers)

    async def _may_read(self, request: Request, origin: str) -> bool:
        return await self._may_read_as(request.scope.get("hub.client"), origin)

    async def _may_read_as(self, client_id: str | None, origin: str) -> bool:
        if client_id is None or self._is_trusted(origin):
            return True
        try:
            client = await self._policies.get(client_id)
        except TryLater:
            return False
        return client is not None and origin in client.origins
