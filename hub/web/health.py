"""What operators look at: is the process alive, is it ready, and where are its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.errors import HubError
from hub.web.metrics import Metrics

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else a sentence that says what is not; it may raise a ``HubError`` instead."""


def routes(checks: Mapping[str, Check], metrics: Metrics) -> list[BaseRoute]:
    """``/healthz`` (the process answers), ``/readyz`` (every check is well, else 503 with reasons), ``/metrics``."""

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        told = await asyncio.gather(*(_ask(check) for check in checks.values()))
        reasons = {name: reason for name, reason in zip(checks, told, strict=True) if reason}
        status = {"status": "not ready", "reasons": reasons} if reasons else {"status": "ready"}
        return JSONResponse(status, 503 if reasons else 200, {"Cache-Control": "no-store"})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics.page)]


async def _ask(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"No answer within {CHECK_SECONDS:g} seconds."
    except HubError as error:
        return str(error)
