"""``Retry-After`` and similar headers in every form, and the calls that wait for them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub.concurrency import gather_limited
from hub.errors import MAX_RETRY_AFTER, TryLater
from hub.http_client import Http
from hub.http_client.retry_after import SharedWait, parse_retry_after
from tests.raw_http_servers import raw_server

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
IN_A_MINUTE = int((NOW + timedelta(minutes=1)).timestamp())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        (f"{IN_A_MINUTE}", 60),
        (f"{IN_A_MINUTE}000", 60),
        (f"{IN_A_MINUTE}000000", 60),
        (f"{IN_A_MINUTE}000000000", 60),
        ("1795884000000", MAX_RETRY_AFTER),
        ("1600000000", 0),
        ("Sat, 28 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("2026-11-28T12:01:00Z", 60),
        ("2026-11-28T19:01:00+07:00", 60),
        ("2026-11-28T12:01:00", 60),
        ("999999", MAX_RETRY_AFTER),
        ("9" * 20, MAX_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 -2359", MAX_RETRY_AFTER),
        ("9" * 21, None),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_wait_is_read_in_every_form_and_capped(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(5.0, 5.0), (1e300, MAX_RETRY_AFTER), (float("inf"), MAX_RETRY_AFTER), (float("nan"), None), (-1.0, 0)],
)
def test_no_error_carries_a_longer_wait_than_the_maximum(seconds: float, kept: float | None) -> None:
    assert TryLater("later", seconds).after == kept


async def test_concurrent_calls_obey_one_calls_retry_after() -> None:
    came: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        came.append(asyncio.get_running_loop().time())
        head = "429 Slow\r\nRetry-After: 1" if len(came) == 1 else "200 OK"
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    async with raw_server(answer) as url, Http(url, deadline=10, attempts=3) as http:
        # Two at a time: the second of the six is under way when the first is refused.
        await gather_limited(lambda _: http.send("GET", "/", idempotent=True), range(6), 2)
    assert len(came) == 7
    assert [at - came[0] >= 0.9 for at in came[2:]] == [True] * 5


async def test_a_long_retry_after_ends_concurrent_calls_at_once() -> None:
    calls = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        await reader.readuntil(b"\r\n\r\n")
        calls += 1
        writer.write(b"HTTP/1.1 429 Slow\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async with raw_server(answer) as url, Http(url, deadline=10, attempts=3) as http:
        for _ in range(3):
            with pytest.raises(TryLater) as error:
                await http.send("GET", "/", idempotent=True)
            assert error.value.after == pytest.approx(600, abs=5)
    assert calls == 1


def test_the_longest_wait_applies_and_none_shortens_it() -> None:
    wait = SharedWait()
    for after in (600.0, 1.0, None):
        wait.note(TryLater("busy", after=after))
    assert wait.left > 300
