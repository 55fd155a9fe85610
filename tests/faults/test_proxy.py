"""The proxy applies the configured fault to a connection, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import NONE, Fault, Proxy

BODY = bytes(range(256)) * 16


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy before an echo server."""
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with Proxy(server.sockets[0].getsockname()[:2]).running() as proxy:
        yield proxy
    server.close()


async def echoed(proxy: Proxy, body: bytes = BODY) -> tuple[bytes, float]:
    """Send ``body``; return the bytes that come back, and the seconds that it took."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(body)
    writer.write_eof()
    received = bytearray()
    try:
        while piece := await reader.read(65_536):
            received += piece
    finally:
        writer.close()
    return bytes(received), time.monotonic() - began


@pytest.mark.parametrize("fault", [NONE, Fault(slice=7), Fault(jitter=0.01), Fault(rate=1_000_000)])
@pytest.mark.parametrize("side", ["up", "down"])
async def test_a_fault_that_only_delays_changes_no_byte(proxy: Proxy, fault: Fault, side: str) -> None:
    proxy.set(**{side: fault})
    assert (await echoed(proxy))[0] == BODY


@pytest.mark.parametrize(
    ("fault", "least"),
    [(Fault(latency=0.2), 0.2), (Fault(rate=len(BODY) * 5, slice=512), 0.2), (Fault(slow_close=0.2), 0.2)],
)
async def test_a_delay_takes_the_configured_time(proxy: Proxy, fault: Fault, least: float) -> None:
    proxy.set(down=fault)
    assert (await echoed(proxy))[1] >= least


@pytest.mark.parametrize("after", [0, 60, 1000])
async def test_a_cut_ends_the_connection_after_that_many_bytes(proxy: Proxy, after: int) -> None:
    proxy.set(down=Fault(cut=after))
    received, _ = await echoed(proxy)
    assert received == BODY[:after]


async def test_a_reset_is_an_error_and_no_end(proxy: Proxy) -> None:
    proxy.set(down=Fault(cut=100, reset=True))
    with pytest.raises(ConnectionResetError):
        await echoed(proxy)


@pytest.mark.parametrize("side", ["up", "down"])
async def test_swallowed_bytes_never_arrive(proxy: Proxy, side: str) -> None:
    proxy.set(**{side: Fault(swallow=10, slow_close=60)})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await echoed(proxy)


async def test_the_fault_affects_a_share_of_the_connections(proxy: Proxy) -> None:
    proxy.share = 0.5
    proxy.set(down=Fault(cut=0))
    whole = [(await echoed(proxy))[0] == BODY for _ in range(40)]
    assert 5 < sum(whole) < 35
    assert proxy.faulty_connections == 40 - sum(whole)


async def test_it_leaves_no_task_behind(proxy: Proxy) -> None:
    before = len(asyncio.all_tasks())
    proxy.set(down=Fault(swallow=0, slow_close=60))
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(BODY)
    await asyncio.sleep(0.05)
    await proxy.forget()
    writer.close()
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) <= before
