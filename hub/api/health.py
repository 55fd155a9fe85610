"""Endpoints for operators: liveness, readiness and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from hub.api.metrics import Metrics
from hub.errors import HubError
from hub.web.operations import JSON, DocumentedRoute, Operation, Reply, text
from hub.web.ttl_cache import CachedCall

CHECK_TIMEOUT = 2.0

Check = Callable[[], Awaitable[str | None]]
"""Returns None if it succeeds, otherwise the reason; it may raise a ``HubError`` instead."""


def routes(checks: Mapping[str, Check], metrics: Metrics) -> list[BaseRoute]:
    """Return the routes ``/healthz`` (liveness), ``/readyz`` (all checks, 503 if one fails) and ``/metrics``."""

    async def failures() -> dict[str, str]:
        results = await asyncio.gather(*(_run_check(check) for check in checks.values()))
        return {name: reason for name, reason in zip(checks, results, strict=True) if reason}

    current_failures = CachedCall(failures)

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        reasons = await current_failures()
        status = {"status": "not ready", "reasons": reasons} if reasons else {"status": "ready"}
        return JSONResponse(status, 503 if reasons else 200, {"Cache-Control": "no-store"})

    return [
        DocumentedRoute("/healthz", healthz, get=_HEALTHZ),
        DocumentedRoute("/readyz", readyz, get=_READYZ),
        DocumentedRoute("/metrics", metrics.endpoint, get=_METRICS),
    ]


_STATUS = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
_HEALTHZ = Operation(summary="Whether the process lives", replies={200: Reply("It does", {JSON: _STATUS})})
_READYZ = Operation(
    summary="Whether the hub can serve requests",
    replies={200: Reply("It can", {JSON: _STATUS}), 503: Reply("It cannot, and why", {JSON: _STATUS})},
)
_METRICS = text("Metrics in the text format of Prometheus")


async def _run_check(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            return await check()
    except TimeoutError:
        return f"No response within {CHECK_TIMEOUT:g} seconds."
    except HubError as error:
        return str(error)
