"""The OSS sandbox behind a client, and a stand-in for the hub that keeps the calls it gets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.connectors.oss.sandbox import OssSandbox, build
from hub.connectors.oss.settings import OssSettings
from hub.demo.world import DemoWorld

TODAY = date(2026, 11, 20)
USER_KEY = "the-user-key"


def settings(user_key: str = USER_KEY) -> OssSettings:
    """Return the settings that both sides share."""
    return OssSettings(user_key=SecretStr(user_key), username="user", password=SecretStr("pass"), instansi="3300000000")


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class StandInHub:
    """Answers the calls with ``answers`` in turn, and with ``status: "1"`` when these are used up."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def app(self) -> Starlette:
        async def receive(request: Request) -> Response:
            body = await request.body()
            self.sizes.append(len(body))
            self.calls.append((request.headers.get("Token", ""), (await request.json())["dataNIB"]))
            return self.answers.pop(0) if self.answers else answer("1")

        return Starlette(routes=[Route("/hooks/oss/receiveNIB", receive, methods=["POST"])])

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [data for _, data in self.calls]


@dataclass
class RunningOss:
    """The sandbox, a client with the right key, and the stand-in for the hub."""

    sandbox: OssSandbox
    client: httpx.AsyncClient
    hub: StandInHub
    clock: Clock

    async def call(self, method: str, body: Any) -> Any:
        """Return the inner object of the answer of ``method``, whatever its wrapper is."""
        answer = await self.client.post(f"/{method}", json=body)
        assert answer.status_code == 200
        wrappers = [name for name in answer.json() if name != "meta"]
        assert len(wrappers) == 1
        return answer.json()[wrappers[0]]

    async def act(self, do: str, **parameters: Any) -> dict[str, Any]:
        """Do an act at the control endpoint, and wait for the calls it causes."""
        answer = await self.client.post("/_control/act", json={"do": do, **parameters})
        assert answer.status_code == 200, answer.text
        await self.settled()
        return answer.json()  # type: ignore[no-any-return]

    async def settled(self) -> None:
        """Wait until no call is under way."""
        async with asyncio.timeout(20):
            while self.sandbox.caller.waiting:
                await asyncio.sleep(0.005)

    async def fault(self, name: str, times: int = 0, value: float | None = None) -> None:
        answer = await self.client.post("/_control/fault", json={"name": name, "times": times, "value": value})
        assert answer.status_code == 200


def built(size: int = 60, *, traps: bool = False) -> tuple[OssSandbox, Clock]:
    """Return a sandbox with all traps off, or on, and its clock."""
    clock = Clock()
    sandbox = build(settings(), DemoWorld(TODAY, citing=()), size, clock)
    sandbox.tick_every = 86_400.0  # type: ignore[misc]
    sandbox.trap.switch(None, on=traps)
    return sandbox, clock


@contextlib.asynccontextmanager
async def oss_in_process(size: int = 60, *, traps: bool = False) -> AsyncIterator[RunningOss]:
    """Yield a sandbox without a server, which makes no calls."""
    sandbox, clock = built(size, traps=traps)
    transport = httpx.ASGITransport(sandbox.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://oss", headers={"user_key": USER_KEY}) as client:
        yield RunningOss(sandbox, client, StandInHub(), clock)


@contextlib.asynccontextmanager
async def oss_and_hub(hub: StandInHub, url: str) -> AsyncIterator[RunningOss]:
    """Yield a sandbox that calls ``hub`` at ``url``, which forgets what it got before."""
    hub.calls, hub.answers, hub.sizes = [], [], []
    sandbox, clock = built()
    sandbox.hub = url
    app = sandbox.app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://oss", headers={"user_key": USER_KEY}) as client,
    ):
        yield RunningOss(sandbox, client, hub, clock)


def answer(status: str) -> Response:
    """Return the hub's answer."""
    return JSONResponse({"responreceiveNIB": {"status": status, "keterangan": ""}})
