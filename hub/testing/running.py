"""Runs a connector's own sandbox under real uvicorn on a free port, for tests that speak HTTP to it."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

import hub.connectors
from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.registry import folders_in
from hub.connectors.sandbox_base import Sandbox
from hub.contract import Coverage, Cursor, Page, Run
from hub.demo.world import DemoWorld
from hub.http_client import Http
from hub.runtime.server import bind_socket, url_of
from hub.testing.serving import serve

MAX_PAGES = 12
"""How many pages of a pull the suite reads: a system with fifty items in a page has a thousand of them."""


KNOWN_IDS = 100
"""How many ids a connector without a listing is given."""


@dataclass(frozen=True)
class Running:
    """A connector and its sandbox, which answers at ``url``; ``control`` is a client of its control endpoint."""

    connector: type[Connector]
    sandbox: Sandbox
    settings: ConnectorSettings
    url: str
    control: httpx.AsyncClient

    @contextlib.asynccontextmanager
    async def connected(
        self, settings: ConnectorSettings | None = None, *, timeout: float = 5.0, attempts: int = 1
    ) -> AsyncIterator[Connector]:
        """Yield an instance of the connector that calls the sandbox, by default with one attempt for each call."""
        async with Http(self.url, deadline=10.0, timeout=timeout, attempts=attempts, wait=0.01) as http:
            yield self.connector_on(http, settings)

    def connector_on(self, http: Http, settings: ConnectorSettings | None = None) -> Connector:
        """Return an instance of the connector; one that never has a listing gets ids of the sandbox."""
        connector = self.connector(settings or self.settings, http)
        if self.connector.covers(self.connector.Settings()) is Coverage.KNOWN_ONLY:
            self._let_it_know_ids(connector)
        return connector

    def _let_it_know_ids(self, connector: Connector) -> None:
        """Give each run of a connector without a listing ids of its sandbox, as a filled store does."""
        original = connector.pages

        async def ids(before: datetime | None = None) -> AsyncIterator[list[str]]:
            yield self.sandbox.some_ids(KNOWN_IDS)

        def pages(run: Run) -> AsyncGenerator[Page, None]:
            return original(replace(run, known=ids(), unfinished=ids))

        connector.pages = pages  # type: ignore[method-assign]

    @contextlib.asynccontextmanager
    async def fault(self, name: str, times: int = 0, value: float | None = None) -> AsyncIterator[None]:
        """Switch a fault of the sandbox on, for ``times`` calls or (0) until the end of the block."""
        body = {"name": name, "times": times, "value": value}
        (await self.control.post("/_control/fault", json=body)).raise_for_status()
        try:
            yield
        finally:
            (await self.control.post("/_control/clear")).raise_for_status()

    def with_wrong_secrets(self) -> ConnectorSettings:
        """Return the settings with another value for each secret."""
        wrong = {name: SecretStr("not-the-secret") for name in secrets_of(self.settings)}
        return self.settings.model_copy(update=wrong)


@contextlib.asynccontextmanager
async def running_sandbox(
    connector: type[Connector], folder: Path, today: date | None = None, *, hub: str = "", size: int | None = None
) -> AsyncIterator[Running]:
    """Run the connector's sandbox; key files go below ``folder``, the demo world ends ``today`` (Jakarta).

    It changes only by the ticks that a test requests, and sends webhooks to the hub at ``hub``. With ``size`` it has
    about so many items, and the demo world so many complaints; without, as many as in a demonstration.
    """
    with bind_socket("127.0.0.1", 0) as listener:
        url = url_of(listener)
        module = importlib.import_module(f"{connector.__module__.rpartition('.')[0]}.sandbox")
        with patch.dict(os.environ, module.variables(url, folder)):
            settings = connector.Settings()
        day = today or datetime.now(ZoneInfo("Asia/Jakarta")).date()
        sandbox: Sandbox = (
            module.build(settings, DemoWorld(day))
            if size is None
            else module.build(settings, DemoWorld(day, size), size)
        )
        sandbox.tick_every = 86_400.0  # type: ignore[misc]
        if hub:
            sandbox.hub = hub
        async with (
            serve(sandbox.app(), listener, lifespan="on"),
            httpx.AsyncClient(base_url=url, trust_env=False) as control,
        ):
            yield Running(connector, sandbox, settings, url, control)


def run(cursor: Cursor | None = None, *, full: bool = False, known: tuple[str, ...] = ()) -> Run:
    """Return the parameters of a pull now; ``known`` is one batch of ids."""

    async def batches() -> AsyncIterator[list[str]]:
        if known:
            yield list(known)

    return Run(cursor=cursor or {}, full=full, now=datetime.now(UTC), known=batches())


async def pages_of(
    connector: Connector, cursor: Cursor | None = None, *, full: bool = False, most: int = MAX_PAGES
) -> list[Page]:
    """Return the first ``most`` pages of a run."""
    pages: list[Page] = []
    async for page in connector.pages(run(cursor, full=full)):
        pages.append(page)
        if len(pages) == most:
            break
    return pages


def secrets_of(settings: ConnectorSettings) -> dict[str, str]:
    """Return the secret settings that are set, by name."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {name: value.get_secret_value() for name, value in values.items() if isinstance(value, SecretStr)}


@cache
def all_connectors() -> dict[str, type[Connector]]:
    """Return every connector by the name of its folder."""
    return {name: _connector_of(f"hub.connectors.{name}.connector") for name in folders_in(hub.connectors.__path__)}


def _connector_of(module_name: str) -> type[Connector]:
    module = importlib.import_module(module_name)
    (connector,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Connector) and value.__module__ == module_name
    )
    return connector
