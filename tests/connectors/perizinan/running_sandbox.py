"""The perizinan sandbox behind a client with the right key."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from hub.connectors.perizinan.sandbox import PATH, PerizinanSandbox, build
from hub.connectors.perizinan.settings import PerizinanSettings
from hub.demo.world import DemoWorld

TODAY = date(2026, 11, 20)
KEY = "the-key"


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class RunningApp:
    """The sandbox and a client."""

    sandbox: PerizinanSandbox
    client: httpx.AsyncClient
    clock: Clock

    async def page(self, **parameters: Any) -> dict[str, Any]:
        """Return one page of the listing."""
        answer = await self.client.get(PATH, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def rows(self, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of all pages from the first on."""
        page = await self.page(batas=200, **parameters)
        found = list(page["data"])
        while page["kursor"]:
            page = await self.page(batas=200, kursor=page["kursor"])
            found += page["data"]
        return found

    async def row(self, id_: int) -> dict[str, Any]:
        """Return one row."""
        answer = await self.client.get(f"{PATH}/{id_}")
        assert answer.status_code == 200
        return answer.json()["data"]  # type: ignore[no-any-return]

    async def act(self, do: str, **parameters: Any) -> dict[str, Any]:
        """Do an act at the control endpoint."""
        answer = await self.client.post("/_control/act", json={"do": do, **parameters})
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def fault(self, name: str, times: int = 0, value: float | None = None) -> None:
        """Switch a fault on."""
        answer = await self.client.post("/_control/fault", json={"name": name, "times": times, "value": value})
        assert answer.status_code == 200


@contextlib.asynccontextmanager
async def running_app(size: int = 40, *, traps: bool = False, journal: Path | None = None) -> AsyncIterator[RunningApp]:
    """Yield a sandbox with all traps off, or on except for the upkeep."""
    clock = Clock()
    sandbox = build(PerizinanSettings(key=SecretStr(KEY)), DemoWorld(TODAY, citing=()), size, clock)
    sandbox.tick_every = 86_400.0  # type: ignore[misc]
    if not traps:
        sandbox.trap.switch(None, on=False)
    if journal:
        sandbox.use_journal(journal)
    app = sandbox.app()
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app", headers=headers) as client,
    ):
        yield RunningApp(sandbox, client, clock)
