"""What the sandboxes share: faults on demand, a clock that can be moved, and the control endpoint.

A sandbox is a stand-in for one system: it speaks the documented contract over real HTTP, with
signatures, paging and dirt. Each connector folder's ``sandbox.py`` has
``build(settings, today) -> Sandbox``: the connector's own settings (credentials to check against)
and the day the demo world ends.

Control (loopback only; no part of any contract):

- ``GET  /_control`` → what is switched on, counts of calls, and the sandbox's own figures
- ``POST /_control/fault`` ``{"name": "slow", "times": 3, "value": 0.5}`` → the next ``times`` calls
  (0: until cleared) meet the fault; ``value`` is its strength
- ``POST /_control/clear`` → no more faults
- ``POST /_control/tick`` ``{"steps": 5}`` → let that much happen in the world now
- ``POST /_control/act`` ``{"do": "reply", …}`` → do something in the system's place, where it has ``acts``
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.connectors.journal import Journal

COMMON_FAULTS = {
    "down": "the connection is closed without an answer",
    "slow": "the answer comes `value` seconds late (1 by default)",
    "rate_limited": "HTTP 429 with Retry-After `value` (1 by default)",
    "server_error": "HTTP `value` (503 by default)",
}


@dataclass
class Faults:
    """Which faults are on: name → (calls left, 0 being without end; strength)."""

    known: dict[str, str]
    active: dict[str, tuple[int, float | None]] = field(default_factory=dict)

    def set(self, name: str, times: int = 0, value: float | None = None) -> None:
        """Switch one on; an unknown name is a ``KeyError``."""
        if name not in self.known:
            raise KeyError(name)
        self.active[name] = (times, value)

    def take(self, name: str) -> tuple[bool, float | None]:
        """Whether this call meets the fault, and how strong it is; counts the call."""
        if name not in self.active:
            return False, None
        left, value = self.active[name]
        if left == 1:
            del self.active[name]
        elif left > 1:
            self.active[name] = (left - 1, value)
        return True, value

    def met(self, name: str) -> bool:
        """Whether this call meets the fault; counts the call."""
        return self.take(name)[0]


class Sandbox(ABC):
    """One stand-in. Subclasses give routes, their own faults, and what happens as time passes."""

    name: ClassVar[str]
    faults: ClassVar[dict[str, str]] = {}
    """The system's own faults: name → what the caller will see."""
    acts: ClassVar[dict[str, str]] = {}
    """What a person can do in the system's place: name → what it does and what it wants to know."""
    tick_every: ClassVar[float] = 5.0
    """Seconds between two steps of the world."""
    hub: str = ""
    """Where the hub answers, for a system that tells of changes by itself; empty where nobody is to be told."""

    def __init__(self) -> None:
        self.fault = Faults({**COMMON_FAULTS, **self.faults})
        self.calls: Counter[str] = Counter()
        self._journal: Journal | None = None

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The contract's routes."""

    @abstractmethod
    def tick(self) -> None:
        """Let one small thing happen: a status moves, a payment comes in."""

    @abstractmethod
    def figures(self) -> dict[str, Any]:
        """Counts a test or a person may want to see; never personal data."""

    def act(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do ``told["do"]``, one of ``acts``, and say what came of it; ``ValueError`` where that cannot be."""
        raise ValueError(f"{self.name} has no acts")

    def keep(self, path: Path) -> None:
        """Go on where the journal at ``path`` ends, and write down there what changes from now on."""
        self._journal = Journal(path)
        self.recall(self._journal.states)

    def recall(self, states: Mapping[str, Any]) -> None:  # noqa: B027  (most sandboxes note nothing)
        """Take in what ``note`` wrote down in an earlier life; a sandbox that notes nothing leaves this out."""

    def note(self, name: str, state: Any) -> None:
        """Write down that the thing called ``name`` is in ``state`` now (JSON), where a journal is kept."""
        if self._journal:
            self._journal.note(name, state)

    def app(self) -> Starlette:
        """The ASGI app: contract, common faults, control endpoint, and the passing of time."""
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

        life = asyncio.create_task(live())
        yield
        life.cancel()
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
    """The JSON object of a body; ``ValueError`` for anything else."""
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
    """Meets every contract call with the common faults before the contract sees it."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app, self.sandbox = app, sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_control"):
            await self.app(scope, receive, send)
            return
        self.sandbox.calls[f"{scope['method']} {scope['path']}"] += 1
        answer = await self._answer()
        if answer is not None:
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

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
        broken, status = fault.take("server_error")
        if broken:
            return JSONResponse({"message": "Server Error"}, int(status or 503))
        return None


class HangUp(Response):
    """Closes the connection with the answer unfinished, as a dying server does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin an answer, and end the connection."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        raise ConnectionAbortedError("the sandbox hangs up on purpose")
