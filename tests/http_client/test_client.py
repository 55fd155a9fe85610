"""Calls that are sent once: which errors prove that nothing arrived, and which leave the outcome unknown."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from hub.errors import ContractBroken, OutcomeUnknown, Refused, TryLater, UnsupportedFile
from hub.http_client import Http, response_body
from tests.raw_http_servers import Answer, close_unanswered, never_answer, raw_server, send_bytes

SOON = httpx.Timeout(60.0, read=0.1)
"""On any machine the connection is established, and only the wait for the response ends soon."""


async def post(url: str, *, idempotent: bool = False, deadline: float = 60.0) -> int:
    async with Http(url, deadline=deadline, timeout=SOON, attempts=1) as http:
        return (await http.send("POST", "/", idempotent=idempotent, json={"a": 1})).status_code


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (never_answer, OutcomeUnknown),
        (close_unanswered, OutcomeUnknown),
        (send_bytes("500 Oh"), OutcomeUnknown),
        (send_bytes("502 Oh"), OutcomeUnknown),
        (send_bytes("504 Oh"), OutcomeUnknown),
        (send_bytes("503 Oh"), OutcomeUnknown),
        (send_bytes("303 See Other\r\nLocation: /"), OutcomeUnknown),
        (send_bytes("200 OK\r\nContent-Encoding: br", b"packed"), OutcomeUnknown),
        (send_bytes("403 No\r\nContent-Type: text/html", b"<h1>Blocked</h1>"), OutcomeUnknown),
        (send_bytes("503 Oh\r\nRetry-After: 7"), TryLater),
        (send_bytes("429 Oh"), TryLater),
        (send_bytes("308 There\r\nLocation: /"), ContractBroken),
    ],
)
async def test_what_may_have_been_taken_is_unclear(answer: Answer, error: type[Exception]) -> None:
    async with raw_server(answer) as url:
        with pytest.raises(error) as raised:
            await post(url)
    assert type(raised.value) is error


async def test_a_deadline_that_ends_while_waiting_is_unclear() -> None:
    async with raw_server(never_answer) as url:
        with pytest.raises(OutcomeUnknown):
            await post(url, deadline=0.01)


@pytest.mark.parametrize("answer", [never_answer, close_unanswered, send_bytes("500 Oh")])
async def test_what_may_be_repeated_is_only_tried_later(answer: Answer) -> None:
    async with raw_server(answer) as url:
        with pytest.raises(TryLater) as raised:
            await post(url, idempotent=True)
    assert type(raised.value) is TryLater


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with raw_server(never_answer) as url:
        pass
    with pytest.raises(TryLater) as raised:
        await post(url)
    assert type(raised.value) is TryLater


async def test_what_is_sent_once_is_not_sent_again() -> None:
    calls = 0

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await send_bytes("500 Oh")(reader, writer)

    async with raw_server(broken) as url, Http(url, attempts=4, wait=0.01) as http:
        with pytest.raises(OutcomeUnknown):
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

    async with raw_server(form) as url, Http(url) as http:
        files = [("content", (None, "Isi")), ("attachment[0]", ("a.jpg", b"\xff\xd8", "image/jpeg"))]
        await http.send("POST", "/", idempotent=False, files=files)
    assert b"multipart/form-data" in seen
    assert b'name="content"\r\n\r\nIsi' in seen
    assert b'name="attachment[0]"; filename="a.jpg"' in seen


async def test_a_file_is_had_from_its_own_address() -> None:
    async with raw_server(send_bytes("200 OK", b"x" * 10)) as url, Http("http://127.0.0.1:9") as http:
        assert await http.fetch(f"{url}/a?signature=1", most=10) == b"x" * 10


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (send_bytes("200 OK", b"x" * 11), UnsupportedFile),
        (send_bytes("403 Expired"), Refused),
        (send_bytes("404 Gone"), Refused),
        (send_bytes("302 There\r\nLocation: http://127.0.0.1:1/"), Refused),
        (send_bytes("503 Oh"), TryLater),
        (close_unanswered, TryLater),
    ],
)
async def test_a_file_that_cannot_be_had(answer: Answer, error: type[Exception]) -> None:
    async with raw_server(answer) as url, Http("http://127.0.0.1:9", attempts=1) as http:
        with pytest.raises(error) as raised:
            await http.fetch(f"{url}/a?signature=secret", most=10)
    assert type(raised.value) is error
    assert "secret" not in str(raised.value)


async def test_an_announced_oversize_body_is_not_awaited() -> None:
    async def announces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")
        await reader.read()

    async with raw_server(announces) as url, Http(url, attempts=1) as http:
        with pytest.raises(UnsupportedFile, match="larger than 10 bytes"):
            await http.fetch(f"{url}/a", most=10)


async def test_a_failing_system_is_retried_whatever_its_error_page() -> None:
    async with raw_server(send_bytes("503 Oh", b"x" * 11)) as url, Http(url, attempts=1) as http:
        with pytest.raises(TryLater):
            await http.fetch(f"{url}/a", most=10)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://lapor.example:8443/a.jpg", True),
        ("https://files.example/a.jpg?signature=1", True),
        ("https://other.example/a.jpg", False),
        ("https://files.example.other.example/a.jpg", False),
        ("http://files.example/a.jpg", False),
        ("https://files.example:444/a.jpg", False),
        ("https://me@files.example/a.jpg", False),
        ("https://lapor.example/a.jpg", False),
        ("http://lapor.example:8443/a.jpg", False),
        ("//files.example/a.jpg", False),
    ],
)
def test_files_are_on_the_systems_own_host_or_one_that_is_named(url: str, may: bool) -> None:
    assert Http("https://lapor.example:8443/api").is_allowed(url, {"files.example"}) is may


# What is not as it should be: a refusal of that call, and never anything else


async def get(url: str) -> httpx.Response:
    async with Http(url, attempts=1) as http:
        return await http.send("GET", "/", idempotent=True)


@pytest.mark.parametrize(
    "header",
    [
        'Content-Disposition: attachment; filename="foto rumah café.jpg"'.encode(),
        'Content-Disposition: attachment; filename="foto café.jpg"'.encode("latin-1"),
        b"Content-Type: application/json; charset=\xff",
        b"Set-Cookie: a=\xc3\xa9; Domain=\xff; Expires=never; Max-Age=9999999999999999999999",
        b"X-Servidor: \xf0\x9f\x98\x80",
    ],
)
async def test_a_header_in_any_coding_is_taken(header: bytes) -> None:
    async with raw_server(send_bytes(b"200 OK\r\n" + header, b"{}")) as url:
        assert (await get(url)).content == b"{}"
        async with Http(url) as http:
            assert await http.fetch(f"{url}/a", most=10) == b"{}"


@pytest.mark.parametrize(
    "header",
    [
        b"\xc2\xb2",
        b"-1",
        b"soon",
        b"Wed, 21 Oct 2015 99999999999999999999:28:00 GMT",
        b"Wed, 21 Oct 99999 07:28:00 GMT",
    ],
)
async def test_a_wait_nobody_can_read_is_none(header: bytes) -> None:
    async with raw_server(send_bytes(b"429 Slow\r\nRetry-After: " + header)) as url:
        with pytest.raises(TryLater) as raised:
            await get(url)
    assert raised.value.after is None


@pytest.mark.parametrize(("wait", "deadline", "attempts"), [(1, 60.0, 2), (40, 60.0, 1)])
async def test_retry_after_is_obeyed_or_passed_on(wait: int, deadline: float, attempts: int) -> None:
    times: list[float] = []

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        times.append(asyncio.get_running_loop().time())
        await send_bytes(f"429 Slow\r\nRetry-After: {wait}" if len(times) == 1 else "200 OK")(reader, writer)

    async with raw_server(busy) as url, Http(url, deadline=deadline, wait=0.001) as http:
        if attempts == 1:
            with pytest.raises(TryLater) as raised:
                await http.send("GET", "/", idempotent=True)
            assert raised.value.after == wait
        else:
            await http.send("GET", "/", idempotent=True)
            assert times[1] - times[0] > 0.99 * wait
    assert len(times) == attempts


@pytest.mark.parametrize("place", ["http://[::1", "http://\u00ff\u00fe/", "http://x:99999999/", "ftp://x/", "é"])
async def test_a_redirect_to_anywhere_is_tried_later(place: str) -> None:
    async with raw_server(send_bytes(f"302 There\r\nLocation: {place}")) as url:
        with pytest.raises(TryLater):
            await get(url)


@pytest.mark.parametrize(
    ("head", "content"),
    [
        ("403 Forbidden\r\nContent-Type: text/html", b"<html>Blocked by the firewall</html>"),
        ("401 Unauthorized\r\nContent-Type: text/plain", b"login first"),
        ("403 Forbidden", b""),
        ("403 Forbidden\r\nContent-Type: application/json", b'["no object"]'),
        ("405 No\r\nContent-Type: text/html", b"nginx"),
    ],
)
async def test_a_proxys_refusal_is_retried_later_and_named(head: str, content: bytes) -> None:
    async with raw_server(send_bytes(head, content)) as url:
        with pytest.raises(ContractBroken, match=f"HTTP {head[:3]} that is not from the system"):
            await get(url)


@pytest.mark.parametrize(("status", "content"), [(401, b'{"message":"Unauthenticated."}'), (404, b"<p>"), (413, b"")])
async def test_a_refusal_by_the_system_is_for_the_connector(status: int, content: bytes) -> None:
    async with raw_server(send_bytes(f"{status} No", content)) as url:
        assert (await get(url)).status_code == status


async def test_what_is_packed_is_unpacked() -> None:
    async with raw_server(send_bytes("200 OK\r\nContent-Encoding: gzip", gzip.compress(b'{"a":1}'))) as url:
        assert (await get(url)).json() == {"a": 1}


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", b"not packed"),
        ("gzip", gzip.compress(b'{"a":1}')[:-4]),
        ("br", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
    ],
    ids=["not packed", "cut off", "another coding", "packed twice"],
)
async def test_what_cannot_be_unpacked_is_tried_later(coding: str, content: bytes) -> None:
    async with raw_server(send_bytes(f"200 OK\r\nContent-Encoding: {coding}", content)) as url:
        with pytest.raises(ContractBroken):
            await get(url)


async def test_an_oversize_body_is_not_decompressed_beyond_the_limit() -> None:
    seen = 0
    real = response_body._unpacked

    def counted(unpacking: object, part: bytes, most: int) -> bytes:
        nonlocal seen
        unpacked = real(unpacking, part, most)  # type: ignore[arg-type]
        seen += len(unpacked)
        return unpacked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(response_body, "_unpacked", counted)
        async with (
            raw_server(send_bytes("200 OK\r\nContent-Encoding: gzip", gzip.compress(bytes(10_000_000)))) as url,
            Http(url, attempts=1) as http,
        ):
            with pytest.raises(UnsupportedFile):
                await http.fetch(f"{url}/a", most=1_000)
    assert seen == 1_001


# JSON


def test_json_of_others_is_read_as_tolerantly_as_is_safe() -> None:
    assert response_body.json_of(b'\xef\xbb\xbf{"a": "\\ud800"}') == {"a": "\ud800"}
    assert response_body.json_of(b'{"a": 1, "a": 2}') == {"a": 2}
    body = b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": 99999999999999999999, "e": 1.5, "f": 12}'
    assert response_body.json_of(body) == {
        "a": "NaN",
        "b": "-Infinity",
        "c": "1e999",
        "d": "99999999999999999999",
        "e": 1.5,
        "f": 12,
    }
    assert response_body.json_of(b"9" * 100_000) == "9" * 100_000


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"<html>", b"\xff\xfe", b'{"a": "caf\xe9"}', b"[" * 100_000, b'{"a":' * 100_000, b"nan", b'{"a":1}x'],
)
def test_a_body_that_is_not_json_is_reported(content: bytes) -> None:
    with pytest.raises(response_body.Unreadable):
        response_body.json_of(content)
