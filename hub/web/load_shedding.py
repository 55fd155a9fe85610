"""Load shedding: rejects requests beyond the number that the process can serve at the same time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from math import ceil, exp

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import TryLater
from hub.web.rate_limits import RateLimiter, network
from hub.web.throttling import LIVENESS_PATHS, address_of, unavailable

MAX_REQUESTS = 500
"""Maximum number of concurrent requests."""
MAX_REQUESTS_PER_ADDRESS = 100
"""Maximum number of concurrent requests of one address (IPv6: its /64) that is not exempt."""
RETRY_AFTER = 1, 10
"""Least and most seconds of ``Retry-After``."""
RECENT = 5.0
"""Seconds in which refusals count as recent."""


_SLOT = "hub.slot"


class Refusals:
    """How long those who are refused are to wait, by how many were refused in the last ``RECENT`` seconds.

    If all came back after a second, to refuse them would take most of the time of the process.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._recent, self._at = clock, 0.0, clock()

    def refuse(self, reason: str, amount: int, served: int) -> TryLater:
        """Return the error of a request of some ``amount`` that is refused while ``served`` is under way.

        Its wait is one second for each time that the amount ``served`` was refused recently.
        """
        now = self._clock()
        self._recent = self._recent * exp((self._at - now) / RECENT) + amount
        self._at = now
        least, most = RETRY_AFTER
        return TryLater(reason, min(max(ceil(self._recent / served), least), most))


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
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 503."""
        if scope["type"] != "http" or scope["path"] in LIVENESS_PATHS:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        address = address_of(request)
        name = network(address)
        if self._is_full(address, name):
            error = self._refusals.refuse("Too many requests are being served.", 1, self._in_flight.total())
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
