"""Clients of a mixed load obey Retry-After, count every answer by its outcome, and read streams."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench.overload import quantiles, recovered
from hub.testing.serving import serve

SEEN: Counter[str] = Counter()
BODIES: list[bytes] = []
ADDRESSES: set[str] = set()


async def answer(request: Request) -> Response:
    path = request.url.path
    SEEN[path] += 1
    assert request.client
    ADDRESSES.add(request.client.host)
    match path:
        case "/full":
            error = {"errors": [{"extensions": {"code": "TRY_LATER"}}]}
            return JSONResponse(error, 503, {"Retry-After": "60"})
        case "/refused":
            return JSONResponse({"errors": [{"extensions": {"code": "TIMEOUT"}}]})
        case "/feed":
            return StreamingResponse(events(), media_type="text/event-stream")
    BODIES.append(await request.body())
    await asyncio.sleep(0.01)
    return JSONResponse({"data": {}})


async def events() -> AsyncIterator[str]:
    for number in range(1000):
        yield f"id: {number}\nevent: change\ndata: {{}}\n\n"
        await asyncio.sleep(0.02)


async def test_clients_of_several_kinds_are_counted() -> None:
    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])
    async with serve(app) as url:
        clients = [
            {"kind": path, "stream": path == "/feed", "request": {"method": "POST", "path": path, "headers": {}} | body}
            for path, body in (
                ("/good", {"body": "{n}"}),
                ("/full", {}),
                ("/refused", {}),
                ("/feed", {"method": "GET"}),
            )
        ]
        plan = {"port": int(url.rpartition(":")[2]), "seconds": 2, "clients": clients}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.mixed_load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate(json.dumps(plan).encode())
    found = json.loads(output)
    assert found["outcomes"]["/good"] == {"200": SEEN["/good"]}
    assert found["outcomes"]["/full"] == {"503 TRY_LATER": SEEN["/full"]} == {"503 TRY_LATER": 1}
    assert found["outcomes"]["/refused"] == {"200 TIMEOUT": SEEN["/refused"]}
    assert found["outcomes"]["/feed"] == {"200": SEEN["/feed"]}
    assert len(found["good"]["/good"]) == len(set(BODIES)) == SEEN["/good"]
    assert found["events"] > 1
    assert len(ADDRESSES) == 4


def test_the_figures_of_a_phase() -> None:
    assert quantiles([]) == {}
    assert quantiles([3.0, 1.0, 2.0]) == {"p50_ms": 2.0, "p99_ms": 3.0, "max_ms": 3.0}
    reads = [(0.2, 90.0), (1.1, 80.0), (1.2, 10.0), (1.3, 90.0), (2.5, 10.0), (3.5, 11.0)]
    assert recovered(reads, 50.0) == 2
    assert recovered(reads, 5.0) is None
    assert recovered(reads, 100.0) == 0
