"""The budgets: who is counted against which, when there is some again, and what happens without Redis."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import TooMany
from hub.web import rates as rates_module
from hub.web.counters import SWEEP, Memory, Window, wait
from hub.web.rates import Budgets, Rates

HERE, OTHER = "203.0.113.7", "203.0.113.8"

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None and os.environ.get("CI") != "true", reason="redis-server is not installed."
)


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[str]:
    """The URL of a Redis server that lives as long as the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        await answering(port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


async def answering(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return


@pytest.fixture(params=["memory", pytest.param("redis", marks=[pytest.mark.outside, needs_redis])])
async def counted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[Budgets], Rates]]:
    """Makes rates that count in this process, and the same in a real Redis."""
    made: list[Rates] = []

    def make(url: str | None) -> Callable[[Budgets], Rates]:
        return lambda budgets: made.append(Rates(budgets, url)) or made[-1]  # type: ignore[func-returns-value]

    if request.param == "memory":
        yield make(None)
        return
    async with redis(tmp_path) as url:
        yield make(url)
        for each in made:
            await each.close()


async def passes(times: int, ask: Callable[[], Awaitable[object]]) -> TooMany:
    """Ask ``times`` times with success; the refusal of the next."""
    for _ in range(times):
        await ask()
    with pytest.raises(TooMany) as caught:
        await ask()
    assert 1 <= caught.value.after <= 2 * 3600
    return caught.value


Make = Callable[[Budgets], Rates]


async def test_an_address_has_a_budget_a_minute(counted: Make) -> None:
    rates = counted(Budgets(address=5))
    refused = await passes(5, lambda: rates.address(HERE))
    assert "5 per minute" in str(refused)
    assert refused.after <= 120
    await rates.address(OTHER)


async def test_neighbours_in_one_ipv6_network_are_one_address(counted: Make) -> None:
    rates = counted(Budgets(address=2))
    await rates.address("2001:db8:1:2::1")
    await rates.address("2001:db8:1:2:ffff::9")
    with pytest.raises(TooMany):
        await rates.address("2001:db8:1:2::3")
    await rates.address("2001:db8:1:3::1")


@pytest.mark.parametrize(
    ("address", "spared"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("", True),
        ("10.1.2.3", True),
        (HERE, False),
        ("2001:db8::1", False),
        ("unknown, forwarded", False),
    ],
)
def test_networks_that_are_not_counted(address: str, spared: bool) -> None:
    assert Rates(Budgets(spared=("127.0.0.0/8", "::1/128", "10.0.0.0/8"))).spares(address) is spared


async def test_a_client_has_budgets_of_its_own(counted: Make) -> None:
    rates = counted(Budgets(requests=2, cost=100))
    await passes(2, lambda: rates.requests("somebody"))
    await passes(3, lambda: rates.requests("gojek", 3))
    assert await rates.cost("gojek", 600, 1000) == 400
    with pytest.raises(TooMany, match="1,000 per minute"):
        await rates.cost("gojek", 401, 1000)
    assert await rates.cost("gojek", 400, 1000) == 0
    assert await rates.cost("gojek", 0, 1000) == 0
    assert await rates.cost("somebody", 30) == 70


async def test_what_is_refused_costs_nothing(counted: Make) -> None:
    rates = counted(Budgets(cost=100))
    await rates.cost("somebody", 50)
    for _ in range(5):
        with pytest.raises(TooMany):
            await rates.cost("somebody", 60)
    assert await rates.cost("somebody", 50) == 0


async def test_five_at_once_share_what_is_left(counted: Make) -> None:
    rates = counted(Budgets(requests=3))
    outcomes = await asyncio.gather(*(rates.requests("somebody") for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in outcomes].count(TooMany) == 2


async def test_tokens_are_budgeted_by_client_and_by_address(counted: Make) -> None:
    rates = counted(Budgets(token=2))
    await passes(2, lambda: rates.token(HERE, "gojek"))
    with pytest.raises(TooMany):
        await rates.token(HERE, "gojek")
    # A stranger who knows its id does not use up what the client itself may.
    await rates.token(OTHER, "gojek")
    for number in range(6):
        await rates.token(HERE, f"client-{number}")
    with pytest.raises(TooMany):
        await rates.token(HERE, "client-9")


async def test_signing_in_is_budgeted_by_name_and_by_address(counted: Make) -> None:
    rates = counted(Budgets(login=2))
    await rates.login(HERE, "Siti")
    await rates.login(OTHER, "siti")
    with pytest.raises(TooMany):
        await rates.login(OTHER, "SITI")
    for number in range(5):
        await rates.login(HERE, f"\ud800 {number}" * 1000)
    with pytest.raises(TooMany):
        await rates.login(HERE, "budi")
    await rates.login(OTHER, "budi")


async def test_wrong_tracking_codes_end_the_guessing_and_right_ones_cost_nothing(counted: Make) -> None:
    rates = counted(Budgets(guesses=3))
    for _ in range(20):
        await rates.tracking(HERE, "LGWP1")
    refused = await passes(3, lambda: rates.tracking_failed(HERE, "LGWP1"))
    assert 60 < refused.after <= 2 * 3600
    with pytest.raises(TooMany):
        await rates.tracking(HERE, "LGWP1")
    await rates.tracking(OTHER, "LGWP1")
    await passes(3, lambda: rates.tracking_failed(HERE, "LGWP2"))
    with pytest.raises(TooMany):
        await rates.tracking(HERE, "LGWP3")


async def test_a_ticket_guessed_from_many_addresses_is_closed_to_guessing(counted: Make) -> None:
    rates = counted(Budgets(guesses=1))
    for number in range(10):
        await rates.tracking_failed(f"203.0.113.{number}", "LGWP1")
    with pytest.raises(TooMany):
        await rates.tracking("198.51.100.1", "LGWP1")
    await rates.tracking("198.51.100.1", "LGWP2")


@pytest.mark.outside
@needs_redis
async def test_two_processes_share_a_budget_in_redis(tmp_path: Path) -> None:
    async with redis(tmp_path) as url:
        one, other = Rates(Budgets(requests=4), url), Rates(Budgets(requests=4), url)
        for rates in (one, other, one, other):
            await rates.requests("somebody")
        for rates in (one, other):
            with pytest.raises(TooMany):
                await rates.requests("somebody")
            await rates.close()


@pytest.mark.outside
@needs_redis
async def test_redis_that_ends_is_told_once_and_each_process_counts_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates_module, "REST", 0.0)
    with structlog.testing.capture_logs() as logged:
        async with redis(tmp_path) as url:
            rates = Rates(Budgets(requests=4, guesses=2), url)
            await rates.requests("somebody")
        await passes(4, lambda: rates.requests("somebody"))
        await passes(2, lambda: rates.tracking_failed(HERE, "LGWP1"))
        await rates.close()
    assert [line["event"] for line in logged] == ["Redis does not answer; each process counts for itself"]


async def test_redis_that_cannot_be_reached_is_left_alone_for_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rates = Rates(Budgets(requests=50), f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.perf_counter()
        for _ in range(50):
            await rates.requests("somebody")
        assert 0.4 < time.perf_counter() - began < 2
        await rates.close()


@given(
    previous=st.integers(0, 50),
    current=st.integers(0, 50),
    left=st.floats(0.001, 60),
    limit=st.integers(1, 50),
    cost=st.integers(1, 10),
)
def test_after_the_wait_there_is_room_and_a_second_and_more_before_there_is_none(
    previous: int, current: int, left: float, limit: int, cost: int
) -> None:
    cost = min(cost, limit)

    def room(after: float) -> bool:
        """What the counters would say then, if nobody came meanwhile."""
        older = int(previous * max(0.0, left - after) / 60)
        newer = int(current * min(60, max(0.0, 60 + left - after)) / 60)
        return older + newer + cost <= limit

    after = wait(Window(previous, left, current, 60 + left), limit, cost, 60)
    assert room(after)
    assert after == 1 or not room(after - 1.001)


async def test_counters_that_ended_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, now = Memory(), time.time()
    for number in range(100):
        await memory.incr(f"key-{number}", 60)
    monkeypatch.setattr(time, "time", lambda: now + 61 + SWEEP)
    await memory.incr("another", 60)
    assert list(memory.storage) == list(memory.expirations) == ["another"]
