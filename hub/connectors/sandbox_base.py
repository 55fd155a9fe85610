"""What the sandboxes share: faults on demand, a clock that can be moved, and the control endpoint.

A sandbox is a stand-in for one system: it speaks the documented contract over real HTTP, with
signatures, paging and irregular data. Each connector folder has a module or package ``sandbox`` with two functions:

- ``build(settings, world, size) -> Sandbox`` takes the connector's own settings (credentials to check
  against), the ``DemoWorld`` and how many items the sandbox has; ``size`` has a default.
- ``variables(url, folder)`` returns the ``HUB_<NAME>_*`` environment variables that the connector and
  its sandbox at ``url`` share: made-up credentials, and the paths of key files created below ``folder``
  with mode 0600.

Nothing that runs in production imports a sandbox.

Control (loopback only; no part of any contract):

- ``GET  /_control`` → active faults, counts of calls, and the sandbox's own figures
- ``POST /_control/fault`` ``{"name": "slow", "times": 3, "value": 0.5}`` → the next ``times`` calls
  (0: until cleared) show the fault; ``value`` is its strength
- ``POST /_control/clear`` → switch off all faults
- ``POST /_control/tick`` ``{"steps": 5}`` → advance the sandbox by that many steps
- ``POST /_control/act`` ``{"do": "reply", …}`` → act for the system, if the sandbox has ``acts``
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import ipaddress
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.connectors.sandbox_journal import Journal

COMMON_FAULTS = {
    "down": "the connection is closed without an answer",
    "slow": "the answer comes `value` seconds late (1 by default)",
    "rate_limited": "HTTP 429 with Retry-After `value` (1 by default)",
    "rate_limited_until": "HTTP 429 with Retry-After in `value` seconds (1 by default), as a Unix time in milliseconds",
    "server_error": "HTTP `value` (503 by default)",
    "firewall": "an HTML page of a firewall, HTTP `value` (403 by default)",
    "clock": "the system's clock is `value` seconds ahead (3600 by default); a negative value is behind",
}


@dataclass
class Faults:
    """The active faults: name → (calls left, 0 for no limit; strength)."""

    known: dict[str, str]
    active: dict[str, tuple[int, float | None]] = field(default_factory=dict)

    def set(self, name: str, times: int = 0, value: float | None = None) -> None:
        """Switch a fault on; raise ``KeyError`` for an unknown name."""
        if name not in self.known:
            raise KeyError(name)
        self.active[name] = (times, value)

    def take(self, name: str) -> tuple[bool, float | None]:
        """Return whether this call shows the fault, and its strength; count the call."""
        if name not in self.active:
            return False, None
        left, value = self.active[name]
        if left == 1:
            del self.active[name]
        elif left > 1:
            self.active[name] = (left - 1, value)
        return True, value

    def met(self, name: str) -> bool:
        """Return whether this call shows the fault; count the call."""
        return self.take(name)[0]


class Sandbox(ABC):
    """A stand-in for one system. Subclasses define routes, faults, and what happens as time passes."""

    name: ClassVar[str]
    faults: ClassVar[dict[str, str]] = {}
    """The system's own faults: name → what the caller sees."""
    acts: ClassVar[dict[str, str]] = {}
    """What a person can do for the system: name → what it does, and its parameters."""
    tick_every: ClassVar[float] = 5.0
    """Seconds between two steps."""
    hub: str = ""
    """The URL of the hub, for a system that sends webhooks; empty if it sends none."""

    def __init__(self) -> None:
        self.fault = Faults({**COMMON_FAULTS, **self.faults})
        self.calls: Counter[str] = Counter()
        self._journal: Journal | None = None

    @property
    def clock_offset(self) -> timedelta:
        """How far the system's clock, and so its timestamps, are ahead now."""
        _, seconds = self.fault.active.get("clock", (0, 0.0))
        return timedelta(seconds=3600.0 if seconds is None else seconds)

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """Return the routes of the contract."""

    @abstractmethod
    def tick(self) -> None:
        """Advance by one step: change a status, add a payment."""

    @abstractmethod
    def figures(self) -> dict[str, Any]:
        """Return counts for tests and people; never personal data."""

    def some_ids(self, most: int) -> list[str]:
        """Return at most ``most`` external ids that the system knows, for tests of a connector without a listing."""
        return []

    def act(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Do ``command["do"]``, one of ``acts``, and return the result; raise ``ValueError`` if that is impossible."""
        raise ValueError(f"{self.name} has no acts")

    def use_journal(self, path: Path) -> None:
        """Restore the state from the journal at ``path``, and record changes there from now on."""
        self._journal = Journal(path)
        self.restore(self._journal.states)

    def restore(self, states: Mapping[str, Any]) -> None:  # noqa: B027  (most sandboxes record nothing)
        """Restore what ``record`` wrote before a restart; a sandbox that records nothing leaves this out."""

    def record(self, name: str, state: Any) -> None:
        """Record that ``name`` is in ``state`` now (JSON), if there is a journal."""
        if self._journal:
            self._journal.record(name, state)

    def app(self) -> Starlette:
        """Return the ASGI app: contract, common faults, control endpoint, and steps as time passes."""
        control = [
            Route("/_control", self._status),
            Route("/_control/fault", self._fault, methods=["POST"]),
            Route("/_control/clear", self._clear, methods=["POST"]),
            Route("/_control/tick", self._tick, methods=["POST"]),
            Route("/_control/act", self._act, methods=["POST"]),
        ]
        return Starlette(
            routes=[*control, *self.routes()],
            middleware=[Middleware(_CommonFaults, sandbox=self)],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async def live() -> None:
            while True:
                await asyncio.sleep(self.tick_every)
                self.tick()

        ticking = asyncio.create_task(live())
        yield
        ticking.cancel()
        if self._journal:
            self._journal.close()

    async def _status(self, request: Request) -> Response:
        return _loopback_only(request) or JSONResponse(
            {
                "name": self.name,
                "faults": {
                    name: {"on": name in self.fault.active, "is": text} for name, text in self.fault.known.items()
                },
                "acts": self.acts,
                "calls": dict(self.calls),
                "figures": self.figures(),
            }
        )

    async def _fault(self, request: Request) -> Response:
        if refused := _loopback_only(request):
            return refused
        try:
            body = await _object(request)
            value = body.get("value")
            self.fault.set(str(body["name"]), int(body.get("times", 0)), None if value is None else float(value))
        except KeyError:
            return JSONResponse({"error": f"unknown fault; known are {', '.join(sorted(self.fault.known))}"}, 400)
        except (TypeError, ValueError, OverflowError):
            return JSONResponse({"error": 'send JSON such as {"name": "slow", "times": 3, "value": 0.5}'}, 400)
        return JSONResponse({"on": sorted(self.fault.active)})

    async def _clear(self, request: Request) -> Response:
        if refused := _loopback_only(request):
            return refused
        self.fault.active.clear()
        return JSONResponse({"on": []})

    async def _tick(self, request: Request) -> Response:
        if refused := _loopback_only(request):
            return refused
        try:
            steps = int((await _object(request)).get("steps", 1))
        except (TypeError, ValueError, OverflowError):
            return JSONResponse({"error": 'send JSON such as {"steps": 5}'}, 400)
        for _ in range(steps):
            self.tick()
        return JSONResponse(self.figures())

    async def _act(self, request: Request) -> Response:
        if refused := _loopback_only(request):
            return refused
        try:
            return JSONResponse(self.act(await _object(request)))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error), "acts": self.acts}, 400)


async def _object(request: Request) -> dict[str, Any]:
    """Return the JSON object of a body; raise ``ValueError`` for anything else."""
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("no JSON object")
    return body


def _loopback_only(request: Request) -> Response | None:
    host = request.client.host if request.client else ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return None
    return JSONResponse({"error": "the control endpoint is for loopback only"}, 403)


class _CommonFaults:
    """Middleware that applies the common faults to every call of the contract."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app, self.sandbox = app, sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_control"):
            await self.app(scope, receive, send)
            return
        self.sandbox.calls[f"{scope['method']} {scope['path']}"] += 1
        answer = await self._answer() or self.app
        await answer(scope, receive, self._with_shifted_date(send))

    def _with_shifted_date(self, send: Send) -> Send:
        """Return ``send`` with the ``Date`` of a shifted clock; of several dates the last one counts."""
        ahead = self.sandbox.clock_offset
        if not self.sandbox.fault.met("clock"):
            return send
        date = email.utils.format_datetime(datetime.now(UTC) + ahead, usegmt=True).encode()

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"date", date)]
            await send(message)

        return dated

    async def _answer(self) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        fault = self.sandbox.fault
        if fault.met("down"):
            return HangUp()
        slow, seconds = fault.take("slow")
        if slow:
            await asyncio.sleep(1.0 if seconds is None else seconds)
        limited, after = fault.take("rate_limited")
        if limited:
            return JSONResponse({"message": "Too Many Requests"}, 429, {"Retry-After": f"{after or 1:g}"})
        limited, after = fault.take("rate_limited_until")
        if limited:
            until = int((time.time() + (after or 1)) * 1000)
            return JSONResponse({"message": "Too Many Requests"}, 429, {"Retry-After": str(until)})
        broken, status = fault.take("server_error")
        if broken:
            return JSONResponse({"message": "Server Error"}, int(status or 503))
        blocked, status = fault.take("firewall")
        if blocked:
            return HTMLResponse("<html><h1>Request blocked</h1></html>", int(status or 403))
        return None


class HangUp(Response):
    """An answer that closes the connection unfinished, as a crashing server does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start an answer, and close the connection."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        raise ConnectionAbortedError("the sandbox hangs up on purpose")
