"""Load shedding: rejects requests beyond the number and cost that the process can serve at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import TryLater
from hub.web.rate_limits import RateLimiter, network
from hub.web.throttling import LIVENESS_PATHS, address_of, unavailable

MAX_REQUESTS = 500
"""Maximum number of concurrent requests."""
MAX_REQUESTS_PER_ADDRESS = 100
"""Maximum number of concurrent requests of one address (IPv6: its /64) that is not exempt."""
RETRY_AFTER = 1
"""Seconds of ``Retry-After``; running requests end soon."""


_SLOT = "hub.slot"


class ConcurrentCost:
    """The total cost of the operations that are executed at the same time."""

    def __init__(self, limit: int) -> None:
        self._limit, self._cost = limit, 0

    @contextmanager
    def reserve(self, cost: int) -> Iterator[None]:
        """Reserve ``cost`` while the context is open; raises ``TryLater`` if too little is left.

        An operation is always executed if no other one is.
        """
        if self._cost and self._cost + cost > self._limit:
            raise TryLater("The operations that are executed now cost too much together.", RETRY_AFTER)
        self._cost += cost
        try:
            yield
        finally:
            self._cost -= cost


class _Slot:
    """The slot of a request among those that are served."""

    def __init__(self, in_flight: Counter[str], name: str) -> None:
        self._in_flight, self._name, self._taken = in_flight, name, True
        in_flight[name] += 1

    def release(self) -> None:
        """Count the request no more."""
        if self._taken:
            self._taken = False
            self._in_flight[self._name] -= 1
            if not self._in_flight[self._name]:
                del self._in_flight[self._name]


def release_slot(scope: Scope) -> None:
    """Count the request no more as one that is served: it has become a stream, which is mostly idle."""
    slot: _Slot | None = scope.get(_SLOT)
    if slot is not None:
        slot.release()


class LoadSheddingMiddleware:
    """Middleware that responds with 503, before it reads the request, while too many requests are being served."""

    def __init__(
        self,
        app: ASGIApp,
        rates: RateLimiter,
        requests: int = MAX_REQUESTS,
        per_address: int = MAX_REQUESTS_PER_ADDRESS,
    ) -> None:
        self.app, self._rates = app, rates
        self._max_requests, self._max_per_address = requests, per_address
        self._in_flight: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 503."""
        if scope["type"] != "http" or scope["path"] in LIVENESS_PATHS:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        address = address_of(request)
        name = network(address)
        if self._is_full(address, name):
            error = TryLater("Too many requests are being served.", RETRY_AFTER)
            await (await unavailable(request, error))(scope, receive, send)
            return
        slot = _Slot(self._in_flight, name)
        scope[_SLOT] = slot
        try:
            await self.app(scope, receive, send)
        finally:
            slot.release()

    def _is_full(self, address: str, name: str) -> bool:
        address_is_full = self._in_flight[name] >= self._max_per_address and not self._rates.is_exempt(address)
        return address_is_full or self._in_flight.total() >= self._max_requests
