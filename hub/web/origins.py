"""Which pages of the web may read which answers (Fetch standard, CORS): per client, and by path.

Metadata and public keys are open to all. The graph and the endpoints a front-end calls itself are
open to the origins that clients registered; a page of one client does not read the answers to
another. A preflight does not say whose page it is, so it is answered for the origins of all
clients together; the answer itself then only for those of the one that asked. Nothing else is
open: an authorization page that another page could read would be no consent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import TryLater
from hub.store.access.clients import Client

LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"

OPEN = ("/.well-known/", "/oauth/jwks")
SHARED = frozenset({"/graphql", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/oauth/par"})
SHARED_BELOW = "/files/"

SENT = ("authorization", "content-type", "dpop", "hub-purpose", "hub-tracking-code", "x-request-id")
READ = ("content-disposition", "dpop-nonce", "etag", "retry-after", "www-authenticate", "x-request-id")


class Registered(Protocol):
    """Knows what clients registered, as ``hub.web.terms.Terms`` does."""

    async def of(self, client_id: str) -> Client | None:
        """The client, if there is one that is not suspended."""

    async def origins(self) -> frozenset[str]:
        """Every origin that some client registered."""


class Origins:
    """Answers by the rule of the path; see the module.

    Whoever authenticates a request writes the client's id to ``scope["hub.client"]``. ``trusted``
    origins, and in development (``local``) those of this machine, read what any client may.
    """

    def __init__(self, app: ASGIApp, terms: Registered, *, trusted: Sequence[str] = (), local: bool = False) -> None:
        self.app = app
        self._open = CORSMiddleware(app, allow_origins=["*"], allow_methods=["GET"], expose_headers=READ)
        self._shared = _Shared(app, terms, trusted, local)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer a preflight."""
        await self._ruled(scope)(scope, receive, send)

    def _ruled(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http" or "origin" not in Headers(scope=scope):
            return self.app
        path: str = scope["path"]
        if path.startswith(OPEN):
            return self._open
        return self._shared if path in SHARED or path.startswith(SHARED_BELOW) else self.app


class _Shared(CORSMiddleware):
    """The rule of the graph."""

    def __init__(self, app: ASGIApp, terms: Registered, trusted: Sequence[str], local: bool) -> None:
        super().__init__(
            app,
            allow_origins=trusted,
            allow_origin_regex=LOCAL_ORIGIN if local else None,
            allow_methods=["GET", "POST"],
            allow_headers=SENT,
            expose_headers=READ,
        )
        self._terms = terms
        self._registered: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Learn which origins there are now, and go on."""
        # Where they cannot be read, those known before hold on; the request itself is told what is wrong.
        with contextlib.suppress(TryLater):
            self._registered = await self._terms.origins()
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether some client registered ``origin``, or everybody trusts it."""
        return self._is_trusted(origin) or origin in self._registered

    def _is_trusted(self, origin: str) -> bool:
        return super().is_allowed_origin(origin)

    async def simple_response(self, scope: Scope, receive: Receive, send: Send, request_headers: Headers) -> None:
        """The answer, without leave to read it where the origin is of another client than the token."""
        origin = request_headers["origin"]

        async def send_to_its_own(message: Message) -> None:
            if message["type"] == "http.response.start" and not await self._may_read(Request(scope), origin):
                del MutableHeaders(scope=message)["Access-Control-Allow-Origin"]
            await send(message)

        await super().simple_response(scope, receive, send_to_its_own, request_headers=request_headers)

    async def _may_read(self, request: Request, origin: str) -> bool:
        client_id = request.scope.get("hub.client")
        if client_id is None or self._is_trusted(origin):
            return True
        try:
            client = await self._terms.of(client_id)
        except TryLater:
            return False
        return client is not None and origin in client.origins
