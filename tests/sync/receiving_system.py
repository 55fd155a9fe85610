"""A system that accepts deliveries over HTTP, for tests of the worker: its connector folder and its server."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.serving import serve

CONNECTOR = '''
from hub.complaints.forwarding import DeliveryAction
from hub.connectors.base import Connector, ConnectorSettings
from hub.contract import Page
from hub.errors import OutcomeUnknown, TryLater
from hub.kinds import Payment
from tests.fake_connector import Fake

class OwnSettings(ConnectorSettings):
    model_config = {"env_prefix": "HUB_WEST_"}

class West(Connector):
    """Posts what it is given, and asks for it by its key."""

    name, title, owner, docs = "west", "West", "Tests", "about:blank"
    kinds = (Payment,)
    Settings = OwnSettings
    sends = frozenset(DeliveryAction)

    async def pages(self, run):
        yield Page([], {})

    async def fetch_one(self, external_id):
        return None

    async def probe(self):
        return None

    def map(self, raw):
        return Fake.map(self, raw)

    async def send(self, delivery):
        try:
            answer = await self.http.send("POST", f"/take/{delivery.key}", idempotent=False)
        except TryLater as trouble:
            raise OutcomeUnknown(str(trouble)) from None
        return answer.json()["id"]

    def can_look_up(self, delivery):
        return True

    async def look_up(self, delivery):
        return (await self.http.send("GET", f"/take/{delivery.key}", idempotent=True)).json()["id"]
'''


def write(folder: Path) -> None:
    """Write the connector into a folder below ``folder``."""
    (folder / "west").mkdir(parents=True)
    (folder / "west" / "__init__.py").touch()
    (folder / "west" / "connector.py").write_text(CONNECTOR)


class Receiver:
    """Accepts posts; it responds only while ``responding`` is set."""

    def __init__(self) -> None:
        self.systems = ("west",)
        self.url = ""
        self.taken: list[str] = []
        self.responding = asyncio.Event()
        self.responding.set()

    @property
    def doubled(self) -> list[str]:
        """Return the posts that arrived more than once."""
        return [key for key, times in Counter(self.taken).items() if times > 1]

    async def _take(self, request: Request) -> Response:
        key = request.path_params["key"]
        if request.method == "POST":
            self.taken.append(key)
            await self.responding.wait()
        return JSONResponse({"id": f"W-{key.partition('/')[0]}" if key in self.taken else None})

    @contextlib.asynccontextmanager
    async def served(self, folder: Path) -> AsyncIterator[None]:
        """Serve on a free port, with the connector in a folder below ``folder``."""
        write(folder)
        app = Starlette(routes=[Route("/take/{key:path}", self._take, methods=["GET", "POST"])])
        async with serve(app) as self.url:
            try:
                yield
            finally:
                self.responding.set()
