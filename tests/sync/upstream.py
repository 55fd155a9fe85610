"""Systems for tests of the worker: connector folders of a test's own, and one server that they all ask."""

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
from hub.connectors.base import Connector, ConnectorSettings, Page
from hub.kinds import Payment
from tests.fake import Fake

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

    async def one(self, external_id):
        return None

    async def probe(self):
        return None

    def map(self, raw):
        return Fake.map(self, raw)
'''


def folder(path: Path, name: str) -> None:
    """A connector folder ``name`` below ``path``."""
    (path / name).mkdir(parents=True)
    (path / name / "__init__.py").touch()
    written = CONNECTOR.replace("lower", name).replace("UPPER", name.upper()).replace("Title", name.title())
    (path / name / "connector.py").write_text(written)


@dataclass
class Run:
    """One run as the server saw it: when its first call came, when its last answer went, the pages it asked for."""

    began: float
    ended: float
    pages: list[int] = field(default_factory=list)


@dataclass
class System:
    """What one system holds, and how it does. An answer takes ``delay`` seconds; none goes while ``going`` is clear."""

    pages: list[list[dict[str, Any]]]
    delay: float = 0.0
    down: bool = False
    going: asyncio.Event = field(default_factory=asyncio.Event)
    runs: dict[str, Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.going.set()

    @property
    def in_order(self) -> list[Run]:
        """Its runs, in order."""
        return sorted(self.runs.values(), key=lambda run: run.began)

    async def answer(self, run: str, number: int) -> Response:
        """Page ``number`` for ``run``."""
        now = time.monotonic()
        seen = self.runs.setdefault(run, Run(now, now))
        seen.pages.append(number)
        try:
            await asyncio.sleep(self.delay)
            await self.going.wait()
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
        """Answer on a free port."""
        app = Starlette(routes=[Route("/{name}/{number:int}", self._answer)])
        async with serve(app) as self.url:
            try:
                yield
            finally:
                for system in self.systems.values():
                    system.going.set()
