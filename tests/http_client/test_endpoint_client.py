"""Endpoints of clients: only checked addresses are connected to, and time and size of a response are limited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.responses import Response

from hub.http_client.endpoint_client import MAX_ANSWER, CallFailed, EndpointClient
from hub.http_client.public_addresses import is_public
from tests.auth.test_jwks_certificates import self_signed
from tests.webhook_receiver import Received, Receiver, receiving

BODY = b'{"type": "test"}'
PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "192.0.2.1", "not an address"),
)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


def named(receiver: Receiver) -> str:
    """The same endpoint under a name that a test resolves."""
    return f"http://partner.example:{urlsplit(receiver.url).port}/hook"


async def test_production_refuses_this_machine(receiver: Receiver) -> None:
    async with EndpointClient() as http:
        with pytest.raises(CallFailed, match="not public"):
            await http.call("POST", receiver.url, {}, BODY)
    assert receiver.calls == []


async def test_a_name_that_is_rebound_is_not_connected_to(receiver: Receiver) -> None:
    resolved = iter([["93.184.215.14", "127.0.0.1"], ["127.0.0.1"], ["::ffff:127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(resolved)

    async with EndpointClient(resolve=rebinding) as http:
        for _ in range(3):
            with pytest.raises(CallFailed, match="not public"):
                await http.call("POST", named(receiver), {}, BODY)
    assert receiver.calls == []


async def test_the_checked_address_is_the_one_connected_to(receiver: Receiver) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with EndpointClient(loopback=True, resolve=resolve) as http:
        answer = await http.call("POST", named(receiver), {}, BODY)
    assert answer.status == 204
    assert asked == ["partner.example"], "it is resolved once"
    assert receiver.calls[0].headers["host"].startswith("partner.example")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(status_code=302, headers={"location": "http://127.0.0.1:1/"}), 302),
        (Response(b"x" * (MAX_ANSWER + 1)), "larger than"),
    ],
    ids=["redirect", "size"],
)
async def test_an_answer_has_its_limits(receiver: Receiver, response: Response, expected: int | str) -> None:
    async def answer(_: Received) -> Response:
        return response

    receiver.answer = answer
    async with EndpointClient(loopback=True) as http:
        if isinstance(expected, int):
            assert (await http.call("POST", receiver.url, {}, BODY)).status == expected
        else:
            with pytest.raises(CallFailed, match=expected):
                await http.call("POST", receiver.url, {}, BODY)
    assert len(receiver.calls) == 1


async def test_an_endpoint_that_hangs_fails(receiver: Receiver) -> None:
    released = asyncio.Event()

    async def hang(_: Received) -> None:
        await released.wait()

    receiver.answer = hang
    async with EndpointClient(loopback=True, timeout=0.2) as http:
        with pytest.raises(CallFailed, match="no response within"):
            await http.call("POST", receiver.url, {}, BODY)
    released.set()


async def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with (
        await asyncio.start_server(close, "127.0.0.1", 0, ssl=self_signed(tmp_path)) as server,
        EndpointClient(loopback=True) as http,
    ):
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        with pytest.raises(CallFailed, match="certificate"):
            await http.call("POST", url, {}, BODY)
