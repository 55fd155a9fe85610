"""``POST /hooks/{system}/…``: what systems tell by calling the hub, each call signed as its contract says.

There is no token, no redirect and no answer for a page of another origin. What was stored is answered
with the contract's own success, a refusal with the contract's own words; whatever keeps the hub from
storing it is an error of the server, so that the system sends it again.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hub.connectors.hooks import HookCall, HookTold
from hub.errors import TryLater
from hub.store.database import AWAY
from hub.sync.hooks import Hook, Hooks
from hub.web.envelope import Unfit
from hub.web.metrics import Metrics
from hub.web.requests import request_id

log = structlog.stdlib.get_logger(__name__)

PATH = "/hooks{rest:path}"
"""Takes every path, so that none is answered with a redirect to one with another slash."""
BODY_LIMIT = 65_536
READ_WITHIN = 10.0
"""Seconds for a body to come: anybody may begin a call, and nobody is known before it has ended."""


class HookEndpoint:
    """The endpoint; an ASGI app, because it answers every method."""

    def __init__(self, hooks: Hooks, metrics: Metrics) -> None:
        self._hooks, self._metrics = hooks, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        request = Request(scope, receive)
        answer = await self._answer(request, self._hook(request))
        await answer(scope, receive, send)

    def _hook(self, request: Request) -> Hook:
        _, _, rest = str(request.path_params["rest"]).partition("/")
        system, _, path = rest.partition("/")
        hook = self._hooks.find(system, path)
        if hook is None:
            raise HTTPException(404, "There is no such hook.")
        if request.method != "POST":
            raise HTTPException(405, "A hook is called with POST.", {"Allow": "POST"})
        return hook

    async def _answer(self, request: Request, hook: Hook) -> Response:
        if hook.off:
            self._count(hook, "unavailable")
            raise Unfit(503, "HOOK_OFF", f"This hook is off: {hook.off}", {"Retry-After": "3600"})
        try:
            async with asyncio.timeout(READ_WITHIN):
                call = await _call(request, hook)
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            raise Unfit(408, "TOO_SLOW", "The body did not come in time; send it again.") from None
        told = hook.read(call)
        if told.refused is None:
            await self._store(hook, told, call, request_id(request))
            self._count(hook, "taken")
        else:
            log.warning("hook refused", system=hook.system, hook=hook.path, reason=told.refused)
            self._count(hook, "refused")
        return Response(orjson.dumps(told.answer), told.status, media_type="application/json")

    def _count(self, hook: Hook, outcome: str) -> None:
        self._metrics.called(hook.system, hook.path, outcome)

    async def _store(self, hook: Hook, told: HookTold, call: HookCall, correlation: str) -> None:
        try:
            await hook.take(told, call, correlation)
        except (TryLater, TimeoutError, *AWAY) as error:
            log.warning("hook not stored", system=hook.system, hook=hook.path, kind=type(error).__name__)
            self._count(hook, "unavailable")
            sentence = "The hub cannot store this now; send it again."
            raise Unfit(503, "TRY_LATER", sentence, {"Retry-After": "60"}) from None


async def _call(request: Request, hook: Hook) -> HookCall:
    scope = request.scope
    query = scope["query_string"]
    endpoint = scope["raw_path"] + (b"?" + query if query else b"")
    return HookCall(
        hook=hook.path,
        endpoint=endpoint.decode("latin-1"),
        headers=request.headers,
        body=await request.body(),
        now=datetime.now(UTC),
    )
