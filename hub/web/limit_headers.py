"""The headers ``RateLimit-Policy`` and ``RateLimit``: the limits that a request counted against, and what is left.

Source: draft-ietf-httpapi-ratelimit-headers-10. ``q`` is the quota, ``w`` its window in seconds, ``qu`` its unit:
requests unless stated, ``concurrent-requests``, or ``cost``, which is the hub's own unit. ``r`` is what is left, and
``t`` are the seconds until the whole quota is there again, at least ``Retry-After``.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class LimitState:
    """A limit and what is left of it; ``window`` and ``full_in`` are in seconds, None for what is open at a time."""

    name: str
    quota: int
    left: int
    unit: str | None = None
    window: int | None = None
    full_in: int | None = None


class Measured(Protocol):
    """A limit that a request counted against."""

    @property
    def name(self) -> str:
        """The name of the policy."""

    async def state(self) -> LimitState:
        """Return what is left of it now."""


@dataclass(frozen=True, slots=True)
class OpenAtATime:
    """How many ``name`` may be open at a time, and how many more may be opened."""

    name: str
    quota: int
    left: int

    async def state(self) -> LimitState:
        """Return it as it was when it was counted."""
        return LimitState(self.name, self.quota, self.left, "concurrent-requests")


_counted: ContextVar[dict[str, Measured] | None] = ContextVar("hub.counted_limits", default=None)


def report(limit: Measured) -> None:
    """Report ``limit`` in the headers of the response to the current request, if it has any."""
    found = _counted.get()
    if found is not None:
        found[limit.name] = limit


class LimitHeadersMiddleware:
    """Middleware that adds the headers, but for responses that a shared cache keeps: they reach other readers too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and collect the limits that it counts against."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        counted: dict[str, Measured] = {}

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start" and counted:
                headers = MutableHeaders(scope=message)
                if "public" not in headers.get("cache-control", ""):
                    states = [await each.state() for each in counted.values()]
                    headers["RateLimit-Policy"] = policies(states)
                    headers["RateLimit"] = remaining(states, int(headers.get("retry-after", "0")))
            await send(message)

        token = _counted.set(counted)
        try:
            await self.app(scope, receive, send_with_limits)
        finally:
            _counted.reset(token)


def policies(states: Iterable[LimitState]) -> str:
    """Return the value of ``RateLimit-Policy``, a list of structured fields (RFC 9651)."""
    return ", ".join(_item(each.name, q=each.quota, qu=each.unit, w=each.window) for each in states)


def remaining(states: Iterable[LimitState], retry_after: int = 0) -> str:
    """Return the value of ``RateLimit``; ``retry_after`` are the seconds of ``Retry-After``."""
    return ", ".join(
        _item(each.name, r=each.left, t=None if each.full_in is None else max(each.full_in, retry_after))
        for each in states
    )


def _item(name: str, **parameters: int | str | None) -> str:
    values = {key: f'"{value}"' if isinstance(value, str) else value for key, value in parameters.items()}
    return "".join([f'"{name}"', *(f";{key}={value}" for key, value in values.items() if value is not None)])
