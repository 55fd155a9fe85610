"""``POST /hooks/{system}/…``: webhooks. Systems call them; each call is signed as defined in the system's contract.

Webhooks use no access token, no redirects and no CORS. A stored call gets the contract's success response, a refused
call the contract's error response. If the hub cannot store a call, it responds with a server error, so that the system
repeats the call.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from hub.api.metrics import Metrics
from hub.contract import WebhookCall, WebhookResult
from hub.errors import TryLater
from hub.messages import Bilingual
from hub.store.database import UNAVAILABLE
from hub.sync.webhooks import Webhook, Webhooks
from hub.web.middleware import request_id
from hub.web.operations import JSON, Access, Channel, DocumentedRoute, Event, Operation, Reply, Schema
from hub.web.request_error import RequestError

log = structlog.stdlib.get_logger(__name__)

PATH = "/hooks{rest:path}"
"""Matches all paths, so that Starlette never redirects to a path with or without a slash."""
BODY_LIMIT = 65_536
"""Maximum number of bytes of a call, unless its connector declares another limit."""
READ_TIMEOUT = 10.0
"""Maximum seconds to read a body: the caller is unknown until the signature is verified."""


class WebhookEndpoint:
    """The endpoint, an ASGI app because it handles all methods."""

    def __init__(self, hooks: Webhooks, metrics: Metrics) -> None:
        self._hooks, self._metrics = hooks, metrics

    def route(self) -> BaseRoute:
        """Return the route of all webhooks, with what the documents say of each."""
        found = {f"/hooks/{hook.system}/{hook.path}": hook for hook in self._hooks.all()}
        return DocumentedRoute(
            PATH, self, post=_CALL, paths=[*found], channels=[_channel(path, hook) for path, hook in found.items()]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a call."""
        request = Request(scope, receive)
        answer = await self._answer(request, self._find_webhook(request))
        await answer(scope, receive, send)

    def _find_webhook(self, request: Request) -> Webhook:
        _, _, rest = str(request.path_params["rest"]).partition("/")
        system, _, path = rest.partition("/")
        hook = self._hooks.find(system, path)
        if hook is None:
            raise HTTPException(404, Bilingual("There is no such webhook.", "Webhook tidak ada."))
        if request.method != "POST":
            raise HTTPException(
                405, Bilingual("Webhooks accept only POST.", "Webhook hanya menerima POST."), {"Allow": "POST"}
            )
        return hook

    async def _answer(self, request: Request, hook: Webhook) -> Response:
        if hook.disabled_reason:
            self._count(hook, "unavailable")
            raise RequestError(
                503,
                "HOOK_OFF",
                Bilingual(
                    f"This webhook is disabled: {hook.disabled_reason}",
                    f"Webhook ini dinonaktifkan: {hook.disabled_reason}",
                ),
                {"Retry-After": "3600"},
            )
        unread = _call(request, hook)
        if refused := hook.refuse_unread(unread):
            return self._finish(hook, refused)
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                call = replace(unread, body=await request.body())
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            raise RequestError(
                408,
                "TOO_SLOW",
                Bilingual(
                    "The body did not arrive in time; send it again.",
                    "Isi permintaan tidak diterima tepat waktu; kirim lagi.",
                ),
            ) from None
        result = hook.verify(call)
        if result.refused is None:
            await self._store(hook, result, call, request_id(request))
        return self._finish(hook, result)

    def _finish(self, hook: Webhook, result: WebhookResult) -> Response:
        """Count a call, and return the contract's response."""
        if result.refused is None:
            self._count(hook, "taken")
        else:
            log.warning("webhook call refused", system=hook.system, hook=hook.path, reason=result.refused)
            self._count(hook, "refused")
        return Response(orjson.dumps(result.answer), result.status, media_type="application/json")

    def _count(self, hook: Webhook, outcome: str) -> None:
        self._metrics.count_webhook(hook.system, hook.path, outcome)

    async def _store(self, hook: Webhook, result: WebhookResult, call: WebhookCall, correlation: str) -> None:
        try:
            await hook.store(result, call, correlation)
        except (TryLater, TimeoutError, *UNAVAILABLE) as error:
            log.warning("webhook call not stored", system=hook.system, hook=hook.path, kind=type(error).__name__)
            self._count(hook, "unavailable")
            sentence = Bilingual(
                "The hub cannot store this now; send it again later.", "Hub belum dapat menyimpannya; kirim lagi nanti."
            )
            raise RequestError(503, "TRY_LATER", sentence, {"Retry-After": "60"}) from None


_CONTENT: Schema = {"description": "As the system's contract says, see docs/upstream-contracts."}
_CALL = Operation(
    summary="Take a call of a system",
    access=Access.SIGNATURE,
    body={JSON: _CONTENT},
    replies={
        200: Reply("The call is stored.", {JSON: _CONTENT}),
        400: Reply("The call is not valid.", {JSON: _CONTENT}),
        401: Reply("The signature is not valid.", {JSON: _CONTENT}),
        403: Reply("The call is refused.", {JSON: _CONTENT}),
    },
    refusals={405: "The method is not POST.", 503: "It could not be stored, or a setting is missing: send it again."},
)


def _channel(path: str, hook: Webhook) -> Channel:
    return Channel(
        name="hook" + "".join(word.title() for word in path.replace("/", " ").replace("-", " ").split()[1:]),
        title=f"Calls of {hook.system} at {hook.path}",
        description="The system calls the hub; each call is signed as its contract says.",
        address=path,
        method="POST",
        access=Access.SIGNATURE,
        receives={"call": Event(summary="What happened in the system", payload=_CONTENT)},
    )


def _call(request: Request, hook: Webhook) -> WebhookCall:
    """Return a call without its body."""
    scope = request.scope
    query = scope["query_string"]
    endpoint = scope["raw_path"] + (b"?" + query if query else b"")
    return WebhookCall(
        webhook=hook.path,
        endpoint=endpoint.decode("latin-1"),
        headers=request.headers,
        body=b"",
        now=datetime.now(UTC),
    )
