"""The rate limits: who is counted against which, when they are refilled, and what happens without Redis."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import RateLimited
from hub.web import rate_limits as rates_module
from hub.web.rate_counters import SWEEP_INTERVAL, InMemoryStorage, SlidingWindow, retry_after
from hub.web.rate_limits import RateLimiter, RateLimits
from tests.redis_server import needs_redis, redis

HERE, OTHER = "203.0.113.7", "203.0.113.8"


@pytest.fixture(params=["memory", pytest.param("redis", marks=[pytest.mark.outside, needs_redis])])
async def counted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[RateLimits], RateLimiter]]:
    """Return rate limiters that count in this process and in a real Redis."""
    made: list[RateLimiter] = []

    def make(url: str | None) -> Callable[[RateLimits], RateLimiter]:
        return lambda budgets: made.append(RateLimiter(budgets, url)) or made[-1]  # type: ignore[func-returns-value]

    if request.param == "memory":
        yield make(None)
        return
    async with redis(tmp_path) as url:
        yield make(url)
        for each in made:
            await each.close()


async def passes(times: int, ask: Callable[[], Awaitable[object]]) -> RateLimited:
    """Make ``times`` successful requests; return the refusal of the next."""
    for _ in range(times):
        await ask()
    with pytest.raises(RateLimited) as caught:
        await ask()
    assert 1 <= caught.value.after <= 2 * 3600
    return caught.value


Make = Callable[[RateLimits], RateLimiter]


async def test_an_address_has_a_budget_a_minute(counted: Make) -> None:
    rates = counted(RateLimits(address=5))
    refused = await passes(5, lambda: rates.address(HERE))
    assert "5 per minute" in str(refused)
    assert refused.after <= 120
    await rates.address(OTHER)


async def test_neighbours_in_one_ipv6_network_are_one_address(counted: Make) -> None:
    rates = counted(RateLimits(address=2))
    await rates.address("2001:db8:1:2::1")
    await rates.address("2001:db8:1:2:ffff::9")
    with pytest.raises(RateLimited):
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
    assert (
        RateLimiter(RateLimits(exempt_networks=("127.0.0.0/8", "::1/128", "10.0.0.0/8"))).is_exempt(address) is spared
    )


async def test_a_client_has_budgets_of_its_own(counted: Make) -> None:
    rates = counted(RateLimits(requests=2, cost=100))
    await passes(2, lambda: rates.requests("somebody"))
    await passes(3, lambda: rates.requests("gojek", 3))
    assert await rates.cost("gojek", 600, 1000) == 400
    with pytest.raises(RateLimited, match="1,000 per minute"):
        await rates.cost("gojek", 401, 1000)
    assert await rates.cost("gojek", 400, 1000) == 0
    assert await rates.cost("gojek", 0, 1000) == 0
    assert await rates.cost("somebody", 30) == 70


async def test_what_is_refused_costs_nothing(counted: Make) -> None:
    rates = counted(RateLimits(cost=100))
    await rates.cost("somebody", 50)
    for _ in range(5):
        with pytest.raises(RateLimited):
            await rates.cost("somebody", 60)
    assert await rates.cost("somebody", 50) == 0


async def test_five_at_once_share_what_is_left(counted: Make) -> None:
    rates = counted(RateLimits(requests=3))
    outcomes = await asyncio.gather(*(rates.requests("somebody") for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in outcomes].count(RateLimited) == 2


async def test_tokens_are_budgeted_by_client_and_by_address(counted: Make) -> None:
    rates = counted(RateLimits(token=2))
    await passes(2, lambda: rates.token(HERE, "gojek"))
    with pytest.raises(RateLimited):
        await rates.token(HERE, "gojek")
    # A stranger who knows its id does not use up what the client itself may.
    await rates.token(OTHER, "gojek")
    for number in range(6):
        await rates.token(HERE, f"client-{number}")
    with pytest.raises(RateLimited):
        await rates.token(HERE, "client-9")


async def test_sign_ins_are_limited_by_name_and_address(counted: Make) -> None:
    rates = counted(RateLimits(login=2))
    await passes(2, lambda: rates.login(HERE, "siti"))
    await rates.login(OTHER, "siti")
    for number in range(3):
        await rates.login(HERE, f"\ud800 {number}" * 1000)
    with pytest.raises(RateLimited):
        await rates.login(HERE, "budi")
    await rates.login(OTHER, "budi")
    await passes(2, lambda: rates.login(HERE, "budi", known_browser=True))
    await rates.login(HERE, "siti", known_browser=True)


async def test_one_name_is_guessed_a_number_of_times_from_wherever(counted: Make) -> None:
    rates = counted(RateLimits(login=2))
    await passes(60, lambda: rates.secret_attempt("password", "siti"))
    await rates.secret_attempt("password", "budi")
    await rates.secret_attempt("totp", "siti")


async def test_wrong_tracking_codes_are_limited_right_ones_are_free(counted: Make) -> None:
    rates = counted(RateLimits(tracking_failures=3))
    for _ in range(20):
        await rates.tracking(HERE, "LGWP1")
    refused = await passes(3, lambda: rates.tracking_failed(HERE, "LGWP1"))
    assert 60 < refused.after <= 2 * 3600
    with pytest.raises(RateLimited):
        await rates.tracking(HERE, "LGWP1")
    await rates.tracking(OTHER, "LGWP1")


async def test_wrong_codes_keep_nobody_else_out(counted: Make) -> None:
    rates = counted(RateLimits(tracking_failures=1))
    for number in range(40):
        await rates.tracking_failed(HERE, f"LGWP{number}")
        await rates.tracking_failed(f"192.0.2.{number}", "LGWP1000")
    await rates.tracking(HERE, "LGWP1000")
    await rates.tracking(OTHER, "LGWP1000")


@pytest.mark.outside
@needs_redis
async def test_two_processes_share_a_budget_in_redis(tmp_path: Path) -> None:
    async with redis(tmp_path) as url:
        one, other = RateLimiter(RateLimits(requests=4), url), RateLimiter(RateLimits(requests=4), url)
        for rates in (one, other, one, other):
            await rates.requests("somebody")
        for rates in (one, other):
            with pytest.raises(RateLimited):
                await rates.requests("somebody")
            await rates.close()


@pytest.mark.outside
@needs_redis
async def test_a_lost_redis_is_logged_once_and_processes_count_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates_module, "REDIS_RETRY_DELAY", 0.0)
    with structlog.testing.capture_logs() as logged:
        async with redis(tmp_path) as url:
            rates = RateLimiter(RateLimits(requests=4, tracking_failures=2), url)
            await rates.requests("somebody")
        await passes(4, lambda: rates.requests("somebody"))
        await passes(2, lambda: rates.tracking_failed(HERE, "LGWP1"))
        await rates.close()
    assert [line["event"] for line in logged] == ["Redis does not respond; each process counts for itself"]


async def test_redis_that_cannot_be_reached_is_left_alone_for_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rates = RateLimiter(RateLimits(requests=50), f"redis://127.0.0.1:{silent.getsockname()[1]}")
        for _ in range(50):
            await rates.requests("somebody")
        await rates.close()
        assert connections(silent) == 1


def connections(server: socket.socket) -> int:
    """Return the number of connections to ``server``, which never responds."""
    server.setblocking(False)
    made = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            made += 1
    return made


@given(
    previous=st.integers(0, 50),
    current=st.integers(0, 50),
    left=st.floats(0.001, 60),
    limit=st.integers(1, 50),
    cost=st.integers(1, 10),
)
def test_there_is_room_after_the_wait_and_not_a_second_before(
    previous: int, current: int, left: float, limit: int, cost: int
) -> None:
    cost = min(cost, limit)

    def room(after: float) -> bool:
        """Return the remaining budget at a time, without further requests."""
        older = int(previous * max(0.0, left - after) / 60)
        newer = int(current * min(60, max(0.0, 60 + left - after)) / 60)
        return older + newer + cost <= limit

    after = retry_after(SlidingWindow(previous, left, current, 60 + left), limit, cost, 60)
    assert room(after)
    assert after == 1 or not room(after - 1.001)


async def test_counters_that_ended_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, now = InMemoryStorage(), time.time()
    for number in range(100):
        await memory.incr(f"key-{number}", 60)
    monkeypatch.setattr(time, "time", lambda: now + 61 + SWEEP_INTERVAL)
    await memory.incr("another", 60)
    assert list(memory.storage) == list(memory.expirations) == ["another"]


async def test_submissions_are_limited_hourly_per_user_address_client(counted: Make) -> None:
    rates = counted(RateLimits(submissions=2))
    assert "2 per hour" in str(await passes(2, lambda: rates.submission("citizen siti", OTHER)))
    for number in range(10):
        await rates.submission(f"citizen {number}", HERE)
    assert "10 per hour" in str(await passes(0, lambda: rates.submission("citizen 11", HERE)))
    await rates.submission("citizen 11", "127.0.0.1")
    assert "20 per hour" in str(await passes(20, lambda: rates.client_submission("gojek")))
