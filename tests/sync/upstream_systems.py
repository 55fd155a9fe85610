"""Systems for tests of the worker: connector folders, and one server for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.serving import serve

CONNECTOR = '''
import uuid
from hub.connectors.base import Connector, ConnectorSettings
from hub.contract import Page
from hub.kinds import Payment
from tests.fake_connector import Fake

class OwnSettings(ConnectorSettings):
    model_config = {"env_prefix": "HUB_UPPER_"}

class Asking(Connector):
    """Asks page by page, and says in each call which run it is."""

    name, title, owner, docs = "lower", "Title", "Tests", "https://lower.example"
    kinds = (Payment,)
    Settings = OwnSettings

    async def pages(self, run):
        who, number, more = uuid.uuid4().hex, run.cursor.get("page", 0), True
        while more:
            answer = (await self.http.send("GET", f"/lower/{number}", idempotent=True, params={"run": who})).json()
            number, more = number + 1, answer["more"]
            yield Page(answer["items"], {"page": number if more else 0})

    async def fetch_one(self, external_id):
        return None

    async def probe(self):
        return None

    def map(self, raw):
        return Fake.map(self, raw)
'''


def folder(path: Path, name: str) -> None:
    """Write the connector folder ``name`` below ``path``."""
    (path / name).mkdir(parents=True)
    (path / name / "__init__.py").touch()
    written = CONNECTOR.replace("lower", name).replace("UPPER", name.upper()).replace("Title", name.title())
    (path / name / "connector.py").write_text(written)


@dataclass
class Run:
    """One run from the server's view: the times of its first call and last response, and the pages it requested."""

    began: float
    ended: float
    pages: list[int] = field(default_factory=list)


@dataclass
class System:
    """The items of one system. A response takes ``delay`` seconds.

    While ``responding`` is clear, no page from ``silent_from`` on is sent.
    """

    pages: list[list[dict[str, Any]]]
    delay: float = 0.0
    down: bool = False
    silent_from: int = 0
    responding: asyncio.Event = field(default_factory=asyncio.Event)
    runs: dict[str, Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.responding.set()

    @property
    def in_order(self) -> list[Run]:
        """Return the runs, in order."""
        return sorted(self.runs.values(), key=lambda run: run.began)

    async def answer(self, run: str, number: int) -> Response:
        """Return page ``number`` for ``run``."""
        now = time.monotonic()
        seen = self.runs.setdefault(run, Run(now, now))
        seen.pages.append(number)
        try:
            await asyncio.sleep(self.delay)
            if number >= self.silent_from:
                await self.responding.wait()
        finally:
            seen.ended = time.monotonic()
        if self.down:
            return Response(status_code=503)
        return JSONResponse({"items": self.pages[number], "more": number + 1 < len(self.pages)})


class Upstream:
    """The systems by name."""

    def __init__(self, systems: dict[str, System]) -> None:
        self.systems = systems
        self.url = ""

    def __getitem__(self, name: str) -> System:
        return self.systems[name]

    async def _answer(self, request: Request) -> Response:
        system = self.systems[request.path_params["name"]]
        return await system.answer(request.query_params["run"], request.path_params["number"])

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Serve on a free port."""
        app = Starlette(routes=[Route("/{name}/{number:int}", self._answer)])
        async with serve(app) as self.url:
            try:
                yield
            finally:
                for system in self.systems.values():
                    system.responding.set()
