"""What the middleware does with every request: id, log line, headers, size, origin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from hub.web import middleware as requests
from hub.web.middleware import middleware, request_id
from hub.web.rate_limits import RateLimiter
from tests.api.graph_app import FakeClientPolicies, build, client_of
from tests.logged import without_random_ids
from tests.serving import serve


async def return_id(request: Request) -> Response:
    return JSONResponse({"id": request_id(request), "bound": structlog.contextvars.get_contextvars()["request_id"]})


async def length(request: Request) -> Response:
    return JSONResponse(len(await request.body()))


async def broken(request: Request) -> Response:
    raise ValueError("NIK 3399010101900001")


async def broken_late(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ValueError("NIK 3399010101900001")

    return StreamingResponse(parts())


APP = Starlette(
    routes=[
        Route("/id", return_id),
        Route("/length", length, methods=["POST"]),
        Route("/bulk/any", length, methods=["POST"]),
        Route("/broken", broken),
        Route("/broken-late", broken_late),
    ],
    middleware=middleware(
        RateLimiter(), FakeClientPolicies(), development=True, body_limit=1000, path_limits={"/bulk/": 5000}
    ),
)


@pytest.fixture
async def plain() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(APP) as client:
        yield client


async def test_a_well_formed_request_id_is_kept_and_known_inside(plain: httpx.AsyncClient) -> None:
    response = await plain.get("/id", headers={"x-request-id": "gateway-0001"})
    assert response.json() == {"id": "gateway-0001", "bound": "gateway-0001"}
    assert response.headers["x-request-id"] == "gateway-0001"


@pytest.mark.parametrize("given", ["short", "x" * 65, "has a space", 'quote"quote', None])
async def test_another_request_id_is_replaced(plain: httpx.AsyncClient, given: str | None) -> None:
    response = await plain.get("/id", headers={"x-request-id": given} if given else {})
    assert response.headers["x-request-id"] == response.json()["id"] != given
    assert len(response.json()["id"]) == 32


async def test_the_access_log_has_no_query_string(plain: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        await plain.get("/id?token=geheim")
    (line,) = logged
    assert {**line, "ms": 0} == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/id",
        "status": 200,
        "ms": 0,
    }


async def test_an_uncaught_error_is_masked_and_its_text_not_logged(plain: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        response = await plain.get("/broken")
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"] == {
        "code": "INTERNAL",
        "requestId": response.headers["x-request-id"],
    }
    assert [line["event"] for line in logged] == ["fault", "request"]
    assert "3399" not in without_random_ids(logged, response.text)


async def test_an_answer_that_breaks_off_is_cut_and_logged() -> None:
    with structlog.testing.capture_logs() as logged:
        async with serve(APP) as url, httpx.AsyncClient() as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(f"{url}/broken-late")
    assert [line["event"] for line in logged] == ["fault", "request"]
    assert "3399" not in without_random_ids(logged)


@pytest.mark.parametrize("path", ["/graphql", "/oauth/token"])
async def test_a_client_that_goes_away_while_it_sends_is_no_fault(path: str) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there")

    async def read(request: Request) -> Response:
        return JSONResponse((await request.form()).multi_items())

    app = build()
    app.router.routes.append(Route("/oauth/token", read, methods=["POST"]))
    headers = [(b"content-type", b"application/json" if path == "/graphql" else b"application/x-www-form-urlencoded")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "client": None}
    with structlog.testing.capture_logs() as logged:
        await app(scope, gone, send)
    assert [(line["event"], line["status"]) for line in logged] == [("request", 499)]


async def streamed(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield b"x" * 100


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/length", 1000, 200), ("/length", 1100, 413), ("/bulk/any", 5000, 200), ("/bulk/any", 5100, 413)],
)
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_has_a_limit_declared_or_streamed(
    plain: httpx.AsyncClient, path: str, size: int, status: int, declared: bool
) -> None:
    response = await plain.post(path, content=b"x" * size if declared else streamed(size))
    assert response.status_code == status
    if status == 413:
        body = response.json()
        bulk = path.startswith("/bulk")
        error = body if bulk else body["errors"][0] | body["errors"][0]["extensions"]
        assert error["code"] == "BODY_TOO_LARGE"
        assert str(5000 if bulk else 1000) in error["message"]


@pytest.mark.parametrize("path", ["/length", "/bulk/any"])
async def test_a_body_that_keeps_us_waiting_is_refused(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(requests, "BODY_TIMEOUT", 0.05)
    monkeypatch.setattr(requests, "BULK_BODY_TIMEOUT", 0.05)

    async with serve(APP) as url:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 10\r\n\r\nx".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    content = json.loads(body)
    error = content if path.startswith("/bulk") else content["errors"][0]["extensions"]
    assert error["code"] == "TOO_SLOW"


async def test_only_the_time_waited_for_a_body_is_counted() -> None:
    parts = [{"type": "http.request", "body": b"x" * 500, "more_body": more} for more in (True, False)]

    async def receive() -> Message:
        return parts.pop(0)

    body = requests._Body(receive, 1_000, 0.001)
    await body.receive()
    await asyncio.sleep(0.01)
    assert (await body.receive())["more_body"] is False
    parts.append({"type": "http.disconnect"})
    body._time_left = 0.0
    assert (await body.receive())["type"] == "http.disconnect"


async def test_oauth_clients_get_oauth_errors() -> None:
    async with client_of(build()) as hub:
        responses = [
            (await hub.post("/oauth/token", content=b"x" * 1_000_000)),
            (await hub.get("/oauth/nothing")),
        ]
    assert [(each.status_code, each.json()["error"]) for each in responses] == [
        (413, "invalid_request"),
        (404, "invalid_request"),
    ]
    assert all(each.json()["error_description"] for each in responses)


async def test_a_large_operation_is_refused_by_the_hub() -> None:
    async with client_of(build()) as hub:
        content = json.dumps({"query": "{ echo }" + " " * 100_000})
        response = await hub.post("/graphql", content=content, headers={"content-type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1:3000"])
async def test_in_development_local_pages_may_send_queries(origin: str) -> None:
    asks = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    async with client_of(build()) as hub:
        before = await hub.options("/graphql", headers=asks)
        after = await hub.post("/graphql", json={"query": "{ echo }"}, headers={"origin": origin})
    assert before.status_code == 200
    assert after.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    ("development", "origin"),
    [(True, "https://localhost.example"), (True, "https://evil.example"), (False, "http://localhost:5173")],
)
async def test_no_other_page_may(development: bool, origin: str) -> None:
    async with client_of(build(development=development)) as hub:
        response = await hub.post("/graphql", json={"query": "{ echo }"}, headers={"origin": origin})
    assert "access-control-allow-origin" not in response.headers


async def test_every_answer_is_guarded() -> None:
    async with client_of(build(development=False)) as hub:
        for response in (await hub.get("/graphql?query={echo}"), await hub.get("/nowhere")):
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["x-frame-options"] == "DENY"
            assert response.headers["content-security-policy"].startswith("default-src 'none'")
            assert "strict-transport-security" in response.headers
        assert response.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
