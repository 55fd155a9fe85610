"""The endpoint that an engineer would write for these pages alone: Starlette, asyncpg, orjson.

``POST /QUERY/VIEWER`` with ``{"after": cursor}``. It has no authentication, limits or metrics; it notes who read a
reporter and writes an access log, as the hub does. Run by ``uvicorn bench.hand.app:app``, with ``BENCH_SETTING``.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.hand import queries
from bench.hand.queries import Reading
from bench.setting import CIPHER

POOL_SIZE = 10


def build(setting: dict[str, Any]) -> Starlette:
    """Return the endpoint; ``setting`` has the database's ``url``, and name and restriction of each viewer."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        utc = {"TimeZone": "UTC"}
        async with asyncpg.create_pool(
            setting["url"], min_size=POOL_SIZE, max_size=POOL_SIZE, server_settings=utc
        ) as pool:
            app.state.pool = pool
            yield

    async def respond(request: Request) -> Response:
        began, name = time.perf_counter(), uuid4().hex
        viewer = request.path_params["viewer"]
        after = orjson.loads(await request.body()).get("after")
        who = setting["viewers"][viewer]
        async with request.app.state.pool.acquire() as db:
            reading = Reading(db, viewer, who["name"], who.get("own"), who.get("merchants", []), name)
            data = await _answer(reading, request.path_params["query"], after)
        response = Response(orjson.dumps({"data": data}), media_type="application/json")
        response.headers["X-Request-Id"] = name
        _log(request, name, began)
        return response

    return Starlette(routes=[Route("/{query}/{viewer}", respond, methods=["POST"])], lifespan=lifespan)


async def _answer(reading: Reading, query: str, after: str | None) -> dict[str, Any]:
    match query:
        case "desk":
            return await queries.desk(reading, after, CIPHER)
        case "lean":
            return await queries.lean(reading, after)
    return await queries.citizen(reading, after)


def _log(request: Request, name: str, began: float) -> None:
    line = {
        "event": "request",
        "level": "info",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "request_id": name,
        "method": request.method,
        "path": request.url.path,
        "status": 200,
        "ms": round((time.perf_counter() - began) * 1000, 1),
        "operation": request.path_params["query"],
    }
    sys.stderr.write(orjson.dumps(line).decode() + "\n")


def __getattr__(name: str) -> Starlette:
    """Build ``app`` when uvicorn imports it, and not when a test imports ``build``."""
    if name != "app":
        raise AttributeError(name)
    return build(orjson.loads(os.environ["BENCH_SETTING"]))
