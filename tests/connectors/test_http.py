"""The one way out, where something is sent once: what surely did not arrive, and what may have been taken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hub.connectors.http import Http
from hub.errors import Refused, Stop, TryLater, Unclear, Unfit

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def upstream(answer: Answer) -> AsyncIterator[str]:
    """A server that meets each connection with ``answer``."""

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def says(head: str, body: bytes = b"") -> Answer:
    """Answers ``head`` (status and headers) and ``body`` once the request's head is there."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def post(url: str, *, idempotent: bool = False, deadline: float = 5.0, timeout: float = 0.3) -> int:
    async with Http(url, deadline=deadline, timeout=timeout, attempts=1) as http:
        return (await http.send("POST", "/", idempotent=idempotent, json={"a": 1})).status_code


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hang, Unclear),
        (hang_up, Unclear),
        (says("500 Oh"), Unclear),
        (says("502 Oh"), Unclear),
        (says("504 Oh"), Unclear),
        (says("503 Oh"), Unclear),
        (says("303 See Other\r\nLocation: /"), Unclear),
        (says("503 Oh\r\nRetry-After: 7"), TryLater),
        (says("429 Oh"), TryLater),
        (says("308 There\r\nLocation: /"), Stop),
    ],
)
async def test_what_may_have_been_taken_is_unclear(answer: Answer, error: type[Exception]) -> None:
    async with upstream(answer) as url:
        with pytest.raises(error) as raised:
            await post(url)
    assert type(raised.value) is error


async def test_a_deadline_that_ends_while_waiting_is_unclear() -> None:
    async with upstream(hang) as url:
        with pytest.raises(Unclear):
            await post(url, deadline=0.2, timeout=5.0)


@pytest.mark.parametrize("answer", [hang, hang_up, says("500 Oh")])
async def test_what_may_be_repeated_is_only_tried_later(answer: Answer) -> None:
    async with upstream(answer) as url:
        with pytest.raises(TryLater) as raised:
            await post(url, idempotent=True)
    assert type(raised.value) is TryLater


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with upstream(hang) as url:
        pass
    with pytest.raises(TryLater) as raised:
        await post(url)
    assert type(raised.value) is TryLater


async def test_what_is_sent_once_is_not_sent_again() -> None:
    calls = 0

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await says("500 Oh")(reader, writer)

    async with upstream(broken) as url, Http(url, attempts=4, wait=0.01) as http:
        with pytest.raises(Unclear):
            await http.send("POST", "/", idempotent=False, content=b"x")
        assert calls == 1
        with pytest.raises(TryLater):
            await http.send("POST", "/", idempotent=True, content=b"x")
        assert calls == 5


async def test_a_form_of_several_parts_arrives() -> None:
    seen = b""

    async def form(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length"))
        seen = head + await reader.readexactly(int(length.split(b":")[1]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async with upstream(form) as url, Http(url) as http:
        files = [("content", (None, "Isi")), ("attachment[0]", ("a.jpg", b"\xff\xd8", "image/jpeg"))]
        await http.send("POST", "/", idempotent=False, files=files)
    assert b"multipart/form-data" in seen
    assert b'name="content"\r\n\r\nIsi' in seen
    assert b'name="attachment[0]"; filename="a.jpg"' in seen


async def test_a_file_is_had_from_its_own_address() -> None:
    async with upstream(says("200 OK", b"x" * 10)) as url, Http("http://127.0.0.1:9") as http:
        assert await http.fetch(f"{url}/a?signature=1", most=10) == b"x" * 10


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says("200 OK", b"x" * 11), Unfit),
        (says("403 Expired"), Refused),
        (says("404 Gone"), Refused),
        (says("302 There\r\nLocation: http://127.0.0.1:1/"), Refused),
        (says("503 Oh"), TryLater),
        (hang_up, TryLater),
    ],
)
async def test_a_file_that_cannot_be_had(answer: Answer, error: type[Exception]) -> None:
    async with upstream(answer) as url, Http("http://127.0.0.1:9", attempts=1) as http:
        with pytest.raises(error) as raised:
            await http.fetch(f"{url}/a?signature=secret", most=10)
    assert type(raised.value) is error
    assert "secret" not in str(raised.value)


async def test_of_what_is_announced_as_too_large_nothing_is_waited_for() -> None:
    async def announces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")
        await reader.read()

    async with upstream(announces) as url, Http(url, deadline=5.0) as http, asyncio.timeout(2.0):
        with pytest.raises(Unfit, match="larger than 10 bytes"):
            await http.fetch(f"{url}/a", most=10)


async def test_a_system_in_trouble_is_asked_again_however_long_its_page_about_it_is() -> None:
    async with upstream(says("503 Oh", b"x" * 11)) as url, Http(url, attempts=1) as http:
        with pytest.raises(TryLater):
            await http.fetch(f"{url}/a", most=10)
