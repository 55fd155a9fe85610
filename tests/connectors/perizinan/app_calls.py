"""The connector's calls against its sandbox, with the settings and the clock of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from hub.connectors.perizinan.client import PerizinanClient
from hub.connectors.perizinan.connector import Perizinan
from hub.connectors.perizinan.settings import PerizinanSettings
from hub.http_client import Http
from hub.testing.running import Running, running_sandbox
from tests.connectors.perizinan.running_sandbox import TODAY


@asynccontextmanager
async def running_app(folder: Path) -> AsyncIterator[Running]:
    """Run the sandbox with the permits of 60 businesses."""
    async with running_sandbox(Perizinan, folder, TODAY, size=60) as running:
        yield running


@asynccontextmanager
async def client_of(running: Running, now: datetime | None = None) -> AsyncIterator[PerizinanClient]:
    """Yield the client of the app, whose clock stands at ``now``."""
    assert isinstance(running.settings, PerizinanSettings)
    async with Http(running.url, attempts=1) as http:
        clock = {"clock": lambda: now} if now else {}
        yield PerizinanClient(running.settings, http, **clock)
