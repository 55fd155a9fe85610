"""Limits for incomplete requests, tested with sockets against the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hub.runtime import http_protocol
from hub.runtime.server import KEEP_ALIVE_SECONDS
from tests.serving import serve

GET = b"GET / HTTP/1.1\r\nHost: hub\r\n"


async def respond(request: Request) -> Response:
    return JSONResponse({"headers": len(request.headers), "body": len(await request.body())})


async def early(request: Request) -> Response:
    return JSONResponse("no", 401)


APP = Starlette(routes=[Route("/", respond, methods=["GET", "POST"]), Route("/early", early, methods=["POST"])])


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def sent(url: str, *parts: bytes) -> bytes:
    """Return all bytes until the server closes the connection."""
    async with connected(url) as (reader, writer):
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(APP) as url:
        yield url


HUGE = {
    "one header without an end": (GET + b"X: ", *[b"x" * 10_000] * 200),
    "headers without an end": (GET, *[b"X: " + b"x" * 1_000 + b"\r\n"] * 2_000),
    "many headers": (GET + b"X: 1\r\n" * 101 + b"\r\n",),
    "headers that end": (GET + (b"X: " + b"x" * 10_000 + b"\r\n") * 4 + b"\r\n",),
    "the first line": (b"GET /?" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n",),
    "a first line without an end": (b"GET /", *[b"x" * 10_000] * 200),
    "empty lines": (b"\r\n" * 20_000,) * 20,
}


@pytest.mark.parametrize("parts", HUGE.values(), ids=HUGE)
async def test_a_head_has_so_many_bytes(url: str, parts: tuple[bytes, ...]) -> None:
    answer = await sent(url, *parts)
    # Who sends on while the server closes may see the connection reset in place of the answer.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert answer == b"" or answer.endswith(b"A request may have 100 headers, and 32768 bytes before its body.")


async def test_what_just_fits_is_answered(url: str) -> None:
    headers = b"".join(b"X%d: %s\r\n" % (number, b"x" * 300) for number in range(98))
    answer = await sent(url, GET + headers + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_headers_behind_a_body_are_let_go_and_bounded(url: str) -> None:
    begun = b"POST / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    assert (await sent(url, begun + b"Host: evil\r\n\r\n")).endswith(b'{"headers":3,"body":1}')
    assert b'"body"' not in await sent(url, begun + b"X: 1\r\n" * 101 + b"\r\n")


async def test_a_pipeline_is_bounded(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(http_protocol, "MAX_PIPELINED", 3)
    assert (await sent(url, (GET + b"\r\n") * 100)).count(b"200 OK") <= 4


LATE = {
    "nothing at all": (),
    "half a head": (GET,),
    "an empty line": (b"\r\n",),
    "half a head after an answer": (GET + b"\r\n", GET),
    "a body that nobody reads": (b"POST /early HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("parts", LATE.values(), ids=LATE)
async def test_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    async with serve(APP) as url, connected(url) as (reader, writer):
        for number, part in enumerate(parts):
            if number:
                await reader.readuntil(b"}" if b"GET" in part else b'"no"')
            writer.write(part)
        assert b"HTTP" not in await reader.read()


async def test_a_response_states_the_timeout_of_idle_connections(url: str) -> None:
    async with connected(url) as (reader, writer):
        for _ in range(2):
            writer.write(GET + b"\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            assert f"keep-alive: timeout={KEEP_ALIVE_SECONDS}".encode() in head
            await reader.readuntil(b"}")


async def test_the_time_for_a_head_does_not_cut_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    go = asyncio.Event()

    async def slow(request: Request) -> Response:
        await go.wait()
        return Response("done")

    async with serve(Starlette(routes=[Route("/", slow)])) as url, connected(url) as (reader, writer):
        writer.write(GET + b"Connection: close\r\n\r\n")
        await asyncio.sleep(0.2)
        go.set()
        assert (await reader.read()).endswith(b"done")


async def test_for_one_connection_more_the_longest_idle_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "MAX_CONNECTIONS", 3)
    async with serve(APP) as url, connected(url) as first, connected(url) as second, connected(url) as third:
        for reader, writer in (first, second, third):
            writer.write(GET + b"\r\n")
            await reader.readuntil(b"}")
        async with connected(url) as (reader, writer):
            writer.write(GET + b"Connection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"}")
            assert await first[0].read() == b""
        second[1].write(GET + b"\r\n")
        assert await second[0].readuntil(b"}")


@pytest.mark.parametrize("after", [b"Connection: close\r\n", b""], ids=["closed after it", "kept open"])
@pytest.mark.parametrize("streamed", [True, False])
async def test_who_does_not_take_the_answer_is_cut(
    monkeypatch: pytest.MonkeyPatch, after: bytes, streamed: bool
) -> None:
    monkeypatch.setattr(http_protocol, "READ_CHECK_SECONDS", 0.05)
    open_: set[object] = set()

    class Noted(http_protocol.BoundedProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            open_.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            open_.discard(self)

    async def much(request: Request) -> Response:
        parts = [b"x" * 25_000_000] * 2
        return StreamingResponse(iter(parts)) if streamed else Response(b"".join(parts))

    async with serve(Starlette(routes=[Route("/", much)]), http=Noted) as url, connected(url) as (_, writer):
        writer.write(GET + after + b"\r\n")
        async with asyncio.timeout(60):
            while not open_:
                await asyncio.sleep(0.01)
            while open_:
                await asyncio.sleep(0.01)
