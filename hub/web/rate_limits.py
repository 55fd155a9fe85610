"""Rate limits: budgets over a sliding window, counted in this process or, for several processes, in Redis.

While Redis does not respond, each process counts for itself: requests are still served, and secrets can still not be
guessed without limit. Names are hashed before they become keys, because addresses and user names are personal data,
and because some names have a length that the caller chooses.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from hub.errors import RateLimited
from hub.messages import Bilingual
from hub.web.limit_headers import LimitState, report
from hub.web.rate_counters import InMemoryStorage, SlidingWindow, retry_after

if TYPE_CHECKING:
    from hub.web.redis_counters import RedisBackend

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

REDIS_RETRY_DELAY = 5.0
"""Seconds until Redis is tried again after a failure, so that requests do not wait for its timeout."""

GUARDS_OF_SECRETS = ("guess", "login")
"""Beginnings of the names of budgets that are not reported: they would tell how often others have tried."""

LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The budgets, per minute unless stated otherwise. A client's own budgets are in its row of the database.

    ``address``: requests of one address, counted before authentication; webhook calls have a separate budget of ten
    times as many. ``exempt_networks`` are not counted, for gateways and own tools.
    ``requests``, ``cost``: requests and cost of a viewer that is not a client.
    ``anonymous``: cost of one address without a token, instead of ``cost``.
    ``token``: token requests for one client from one address, and five times as many for one address. A person who
    knows only a client's id can therefore not keep the client, or the users of a public client, from getting tokens.
    ``login``: sign-in attempts for one user name from one address, three times as many for one address, and thirty
    times as many per hour for one user name from all addresses. Browsers in which the user has signed in before are
    counted separately.
    ``tracking_failures``: wrong tracking codes per hour for one ticket from one address.
    ``submissions``: complaints per hour of one person, five times as many from one address, and ten times as many of
    a client that acts for itself.
    """

    address: int = 1_200
    requests: int = 1_200
    cost: int = 500_000
    anonymous: int = 60_000
    token: int = 60
    login: int = 10
    tracking_failures: int = 10
    submissions: int = 60
    exempt_networks: tuple[str, ...] = LOOPBACK


_PERIODS = {"second": "detik", "minute": "menit", "hour": "jam", "day": "hari"}


class RateLimiter:
    """Counts against the budgets. Each method raises ``RateLimited``, and counts nothing, if a budget is exhausted."""

    def __init__(self, limits: RateLimits | None = None, redis_url: str | None = None) -> None:
        self.limits = limits or RateLimits()
        self._local = SlidingWindowCounterRateLimiter(InMemoryStorage())
        self._redis = _redis(redis_url) if redis_url else None
        self._shared = SlidingWindowCounterRateLimiter(self._redis.storage) if self._redis else None
        self._outages = self._redis.outages if self._redis else ()
        self._redis_retry_at = 0.0
        self._exempt = tuple(map(ip_network, self.limits.exempt_networks))

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis:
            await self._redis.close()

    async def address(self, address: str) -> None:
        """Count a request from ``address``."""
        if not self.is_exempt(address):
            await self._consume(RateLimitItemPerMinute(self.limits.address, 1, "address"), network(address))

    async def webhook(self, address: str) -> None:
        """Count a webhook call from ``address``. Systems send one call per payment, and many at once after a pause."""
        if not self.is_exempt(address):
            await self._consume(RateLimitItemPerMinute(self.limits.address * 10, 1, "hook"), network(address))

    def is_exempt(self, address: str) -> bool:
        """Return whether ``address`` is in an exempt network; an empty address is this machine's."""
        here = _parsed(address or "127.0.0.1")
        return here is not None and any(here in each for each in self._exempt if each.version == here.version)

    async def requests(self, account: str, limit: int | None = None) -> None:
        """Count a request of ``account``, a client or another viewer; ``limit`` is a client's own budget."""
        await self._consume(RateLimitItemPerMinute(limit or self.limits.requests, 1, "requests"), account)

    async def requests_left(self, account: str, limit: int | None = None) -> int:
        """Return how many requests are left of the minute."""
        return await self._remaining(RateLimitItemPerMinute(limit or self.limits.requests, 1, "requests"), account)

    async def cost(self, account: str, cost: int, limit: int | None = None) -> int:
        """Charge the estimated ``cost`` of an operation; return how much is left of the minute."""
        item = RateLimitItemPerMinute(limit or self.limits.cost, 1, "cost")
        if cost:
            await self._consume(item, account, cost=cost)
        return await self._remaining(item, account)

    async def used(self, account: str, requests: int, cost: int) -> tuple[int, int]:
        """Return the requests and the cost of ``account`` in the last minute, of the two limits."""
        return (
            requests - await self._remaining(RateLimitItemPerMinute(requests, 1, "requests"), account),
            cost - await self._remaining(RateLimitItemPerMinute(cost, 1, "cost"), account),
        )

    async def _remaining(self, item: RateLimitItem, account: str) -> int:
        return (await self._run(lambda limiter: limiter.get_window_stats(item, counter_key(account)))).remaining

    async def submission(self, person: str, address: str) -> None:
        """Count a complaint that ``person`` submits from ``address``."""
        budget = self.limits.submissions
        if not self.is_exempt(address):
            await self._consume(RateLimitItemPerHour(budget * 5, 1, "submission-address"), network(address))
        await self._consume(RateLimitItemPerHour(budget, 1, "submission"), person)

    async def client_submission(self, client: str) -> None:
        """Count a complaint submitted by a client that acts for itself."""
        await self._consume(RateLimitItemPerHour(self.limits.submissions * 10, 1, "submission-client"), client)

    async def token(self, address: str, client: str) -> None:
        """Count a request to an endpoint at which ``client`` authenticates."""
        budget, here = self.limits.token, network(address)
        await self._consume(RateLimitItemPerMinute(budget * 5, 1, "token-address"), here)
        await self._consume(RateLimitItemPerMinute(budget, 1, "token-client"), here, client)

    async def login(self, address: str, username: str, *, known_browser: bool = False) -> None:
        """Count a sign-in attempt; ``known_browser`` if the user has signed in with this browser before.

        A known browser has a budget of its own, which others at its address cannot exhaust.
        """
        budget, here = self.limits.login, network(address)
        if known_browser:
            await self._consume(RateLimitItemPerMinute(budget, 1, "login-known"), here, username)
            return
        await self._consume(RateLimitItemPerMinute(budget * 3, 1, "login-address"), here)
        await self._consume(RateLimitItemPerMinute(budget, 1, "login-user"), here, username)

    async def secret_attempt(self, purpose: str, username: str) -> None:
        """Count a comparison of a user's secret, for all addresses together. Not for known browsers."""
        await self._consume(RateLimitItemPerHour(self.limits.login * 30, 1, f"guess-{purpose}"), username)

    async def tracking(self, address: str, ticket: str) -> None:
        """Check the budget before a tracking code is compared. This counts nothing: reading is free."""
        await self._test(self._tracking_failures(), network(address), ticket)

    async def tracking_failed(self, address: str, ticket: str) -> None:
        """Count a wrong tracking code. With 100 bits it needs no limit per ticket or per address alone."""
        await self._consume(self._tracking_failures(), network(address), ticket)

    def _tracking_failures(self) -> RateLimitItem:
        return RateLimitItemPerHour(self.limits.tracking_failures, 1, "guess")

    async def _consume(self, item: RateLimitItem, *names: str, cost: int = 1) -> None:
        name = counter_key(*names)
        if not item.namespace.startswith(GUARDS_OF_SECRETS):
            report(_Budget(self, item, name))
        if not await self._run(lambda limiter: limiter.hit(item, name, cost=cost)):
            await self._reject(item, name, cost)

    async def _test(self, item: RateLimitItem, *names: str) -> None:
        name = counter_key(*names)
        if not await self._run(lambda limiter: limiter.test(item, name)):
            await self._reject(item, name, 1)

    async def _reject(self, item: RateLimitItem, name: str, cost: int) -> None:
        window = await self.window(item, name)
        after = retry_after(window, item.amount, cost, item.get_expiry())
        message = Bilingual(
            f"The budget of {item.amount:,} per {item.GRANULARITY.name} is exhausted; try again later.",
            f"Jatah {item.amount} per {_PERIODS.get(item.GRANULARITY.name, item.GRANULARITY.name)} sudah habis;"
            " coba lagi nanti.",
        )
        raise RateLimited(message, after)

    async def window(self, item: RateLimitItem, name: str) -> SlidingWindow:
        """Return the hits of a budget."""
        return await self._run(lambda limiter: _window(limiter, item, name))

    async def _run(self, operation: Callable[[SlidingWindowCounterRateLimiter], Awaitable[T]]) -> T:
        """Run ``operation`` with Redis, or with this process's counters if Redis is not used or does not respond."""
        if self._shared and time.monotonic() >= self._redis_retry_at:
            try:
                result = await operation(self._shared)
            except self._outages as error:
                if not self._redis_retry_at:
                    log.warning("Redis does not respond; each process counts for itself", kind=type(error).__name__)
                self._redis_retry_at = time.monotonic() + REDIS_RETRY_DELAY
            else:
                if self._redis_retry_at:
                    log.info("Redis responds again")
                self._redis_retry_at = 0.0
                return result
        return await operation(self._local)


def _redis(url: str) -> RedisBackend:
    from hub.web.redis_counters import RedisBackend

    return RedisBackend(url)


@dataclass(frozen=True, slots=True)
class _Budget:
    """A budget that a request counted against; it is read when the response begins."""

    _rates: RateLimiter
    _item: RateLimitItem
    _key: str

    @property
    def name(self) -> str:
        """The name of the policy."""
        return self._item.namespace

    async def state(self) -> LimitState:
        """Return what is left of it now."""
        window, amount, length = (
            await self._rates.window(self._item, self._key),
            self._item.amount,
            self._item.get_expiry(),
        )
        left = max(0, amount - window.weighted(length))
        unit = "cost" if self.name == "cost" else None
        return LimitState(self.name, amount, left, unit, length, retry_after(window, amount, amount, length))


async def _window(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, name: str) -> SlidingWindow:
    storage = limiter.storage
    assert isinstance(storage, InMemoryStorage | RedisStorage)
    return SlidingWindow(*await storage.get_sliding_window(item.key_for(name), item.get_expiry()))


def counter_key(*names: str) -> str:
    """Return a key of fixed length for ``names``."""
    return blake2b("\0".join(names).encode(errors="surrogatepass"), digest_size=15).hexdigest()


def network(address: str) -> str:
    """Return what is counted as one address: for IPv6 the /64, because a customer has at least a /64."""
    here = _parsed(address)
    return str(IPv6Network((here, 64), strict=False)) if isinstance(here, IPv6Address) else address


@lru_cache(maxsize=1_000)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return the address; None if the proxy forwarded something else, which is then counted as it is."""
    try:
        here = ip_address(address)
    except ValueError:
        return None
    return here.ipv4_mapped or here if isinstance(here, IPv6Address) else here
