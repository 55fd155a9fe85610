"""The load generator sends each request in turn, counts complete responses, and reports those without success."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench import load
from hub.testing.serving import serve

SEEN: dict[str, list[bytes]] = {}


async def answer(request: Request) -> Response:
    path = request.url.path
    SEEN.setdefault(path, []).append(await request.body())
    match path:
        case "/errors":
            return JSONResponse({"data": None, "errors": []})
        case "/parts":
            return StreamingResponse(iter([b'{"data"', b": 1}"]), media_type="application/json")
        case "/broken":
            return JSONResponse({}, 500)
    return JSONResponse({"data": request.headers["x-kind"]})


async def test_each_answer_is_counted_once_and_failures_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count(1.0)
    # A clock that moves on when it is read, so that the number of requests does not depend on the machine.
    monkeypatch.setattr(load, "time", SimpleNamespace(perf_counter=lambda: next(ticks), process_time=lambda: 0.0))
    paths = "/fine", "/errors", "/parts", "/broken"
    requests = [{"path": path, "headers": {"X-Kind": "some"}, "body": f'"{path}"'} for path in paths]
    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["POST"])])
    async with serve(app) as url:
        port = int(url.rpartition(":")[2])
        found = await load.run({"port": port, "requests": requests, "connections": 2, "seconds": 60})
    assert found["requests"] == sum(map(len, SEEN.values())) >= 16
    assert found["failed"] == len(SEEN["/errors"]) + len(SEEN["/broken"])
    assert found["failure"] in ('200 {"data":null,"errors":[]}', "500 {}")
    assert max(map(len, SEEN.values())) - min(map(len, SEEN.values())) <= 1
    assert {(path, *set(bodies)) for path, bodies in SEEN.items()} == {(path, f'"{path}"'.encode()) for path in paths}
