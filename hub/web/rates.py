"""How often somebody may ask: budgets over a sliding window, counted here or, for several processes, in Redis.

While Redis does not answer, each process counts for itself: nobody is refused because of it, and
nobody gets to guess without limit. Names are hashed before they become keys, because an address or
a user's name is personal data, and because a caller chooses how long some of them are.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from hub.errors import TooMany
from hub.web.counters import Memory, Redis, Window, wait

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

REST = 5.0
"""Seconds that Redis is left alone after it failed, so that requests do not queue up for its time-out."""

LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What is allowed to whom, a minute unless it says otherwise; a client's own budgets are in its row.

    ``address`` is for every request, before anybody is known, and ``spared`` are networks it does
    not count (where gateways and tools of one's own are); calls of hooks have ten times as much,
    counted apart. ``requests`` and ``cost`` are for a viewer who is no client. ``token`` is for one
    client from one address, five times that for one address, so that who knows a client's id alone cannot keep it, or
    the users of a public one, from tokens; ``login`` for one user name, three times that for one
    address. ``guesses`` are wrong tracking codes an hour, for one ticket from one address; twice that
    for one address and ten times that for one ticket, so that a stranger alone cannot keep a reporter
    from the complaint.
    """

    address: int = 1_200
    requests: int = 1_200
    cost: int = 500_000
    token: int = 60
    login: int = 10
    guesses: int = 10
    spared: tuple[str, ...] = LOOPBACK


class Rates:
    """Counts against the budgets. Each method raises ``TooMany`` when one is used up, which then costs nothing."""

    def __init__(self, budgets: Budgets | None = None, redis_url: str | None = None) -> None:
        self.budgets = budgets or Budgets()
        self._own = SlidingWindowCounterRateLimiter(Memory())
        self._redis = Redis(redis_url) if redis_url else None
        self._shared = SlidingWindowCounterRateLimiter(self._redis.storage) if self._redis else None
        self._rests_until = 0.0
        self._spared = tuple(map(ip_network, self.budgets.spared))

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis:
            await self._redis.close()

    async def address(self, address: str) -> None:
        """One request from ``address``, whatever it asks."""
        if not self.spares(address):
            await self._take(RateLimitItemPerMinute(self.budgets.address, 1, "address"), network(address))

    async def hook(self, address: str) -> None:
        """One call of a system from ``address``: it tells each payment by itself, after a pause all at once."""
        if not self.spares(address):
            await self._take(RateLimitItemPerMinute(self.budgets.address * 10, 1, "hook"), network(address))

    def spares(self, address: str) -> bool:
        """Whether ``address`` is of a network that is not counted; what has no address is of this machine."""
        if not address:
            return True
        here = _parsed(address)
        return here is not None and any(here in each for each in self._spared if each.version == here.version)

    async def requests(self, who: str, minute: int | None = None) -> None:
        """One request of ``who``, a client or another viewer; ``minute`` is a client's own budget."""
        await self._take(RateLimitItemPerMinute(minute or self.budgets.requests, 1, "requests"), who)

    async def cost(self, who: str, cost: int, minute: int | None = None) -> int:
        """Charge an operation's estimated ``cost``; how much is left of the minute."""
        item = RateLimitItemPerMinute(minute or self.budgets.cost, 1, "cost")
        if cost:
            await self._take(item, who, cost=cost)
        return (await self._run(lambda limiter: limiter.get_window_stats(item, key(who)))).remaining

    async def token(self, address: str, client: str) -> None:
        """One request to an endpoint where ``client`` has to show who it is."""
        budget, here = self.budgets.token, network(address)
        await self._take(RateLimitItemPerMinute(budget * 5, 1, "token-address"), here)
        await self._take(RateLimitItemPerMinute(budget, 1, "token-client"), here, client)

    async def login(self, address: str, username: str) -> None:
        """One attempt to sign in."""
        budget = self.budgets.login
        await self._take(RateLimitItemPerMinute(budget * 3, 1, "login-address"), network(address))
        await self._take(RateLimitItemPerMinute(budget, 1, "login-user"), username.casefold())

    async def tracking(self, address: str, ticket: str) -> None:
        """Ask before a tracking code is compared; counts nothing, so that following a complaint stays free."""
        for item, names in self._guesses(address, ticket):
            await self._test(item, *names)

    async def tracking_failed(self, address: str, ticket: str) -> None:
        """A tracking code was wrong."""
        for item, names in self._guesses(address, ticket):
            await self._take(item, *names)

    def _guesses(self, address: str, ticket: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        budget, here = self.budgets.guesses, network(address)
        return [
            (RateLimitItemPerHour(budget, 1, "guess"), (here, ticket)),
            (RateLimitItemPerHour(budget * 2, 1, "guess-address"), (here,)),
            (RateLimitItemPerHour(budget * 10, 1, "guess-ticket"), (ticket,)),
        ]

    async def _take(self, item: RateLimitItem, *names: str, cost: int = 1) -> None:
        name = key(*names)
        if not await self._run(lambda limiter: limiter.hit(item, name, cost=cost)):
            await self._refuse(item, name, cost)

    async def _test(self, item: RateLimitItem, *names: str) -> None:
        name = key(*names)
        if not await self._run(lambda limiter: limiter.test(item, name)):
            await self._refuse(item, name, 1)

    async def _refuse(self, item: RateLimitItem, name: str, cost: int) -> None:
        told = await self._run(lambda limiter: _window(limiter, item, name))
        after = wait(told, item.amount, cost, item.get_expiry())
        raise TooMany(f"The budget of {item.amount:,} per {item.GRANULARITY.name} is used up; come again later.", after)

    async def _run(self, ask: Callable[[SlidingWindowCounterRateLimiter], Awaitable[T]]) -> T:
        """What ``ask`` gets from Redis, or from this process's own counters where there is none that answers."""
        if self._shared and time.monotonic() >= self._rests_until:
            try:
                told = await ask(self._shared)
            except (RedisError, OSError) as error:
                if not self._rests_until:
                    log.warning("Redis does not answer; each process counts for itself", kind=type(error).__name__)
                self._rests_until = time.monotonic() + REST
            else:
                if self._rests_until:
                    log.info("Redis answers again")
                self._rests_until = 0.0
                return told
        return await ask(self._own)


async def _window(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, name: str) -> Window:
    storage = limiter.storage
    assert isinstance(storage, Memory | RedisStorage)
    return Window(*await storage.get_sliding_window(item.key_for(name), item.get_expiry()))


def key(*names: str) -> str:
    """Names as a key of one length."""
    return blake2b("\0".join(names).encode(errors="surrogatepass"), digest_size=15).hexdigest()


def network(address: str) -> str:
    """What counts as one address: an IPv6 customer has at least a /64, and could else ask from each of it."""
    here = _parsed(address)
    return str(IPv6Network((here, 64), strict=False)) if isinstance(here, IPv6Address) else address


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """None for what a proxy forwarded that is no address; it is then counted as it stands."""
    try:
        here = ip_address(address)
    except ValueError:
        return None
    return here.ipv4_mapped or here if isinstance(here, IPv6Address) else here
