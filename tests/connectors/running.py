"""Runs a connector's own sandbox under real uvicorn on a free port, for tests that speak HTTP to it."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

import hub.connectors
from hub.connectors.base import Connector, ConnectorSettings, Cursor, Page, Run
from hub.connectors.http import Http
from hub.connectors.sandbox import Sandbox
from hub.process.serve import address, bound
from tests.serving import serve

PAGES = 12
"""How many pages of a pull the suite reads: a system with fifty items a page has a thousand of them."""


@dataclass(frozen=True)
class Running:
    """A connector and its sandbox, which answers at ``url`` and is told what to do through ``control``."""

    connector: type[Connector]
    sandbox: Sandbox
    settings: ConnectorSettings
    url: str
    control: httpx.AsyncClient

    @contextlib.asynccontextmanager
    async def connected(
        self, settings: ConnectorSettings | None = None, *, timeout: float = 5.0, attempts: int = 1
    ) -> AsyncIterator[Connector]:
        """An instance of the connector that speaks to the sandbox; one attempt a call unless told otherwise."""
        async with Http(self.url, deadline=10.0, timeout=timeout, attempts=attempts, wait=0.01) as http:
            yield self.connector(settings or self.settings, http)

    @contextlib.asynccontextmanager
    async def fault(self, name: str, times: int = 0, value: float | None = None) -> AsyncIterator[None]:
        """The sandbox meets its callers with this fault, ``times`` times or (0) until the end of the block."""
        body = {"name": name, "times": times, "value": value}
        (await self.control.post("/_control/fault", json=body)).raise_for_status()
        try:
            yield
        finally:
            (await self.control.post("/_control/clear")).raise_for_status()

    def with_wrong_secrets(self) -> ConnectorSettings:
        """The settings with another value for each secret."""
        wrong = {name: SecretStr("not-the-secret") for name in secrets_of(self.settings)}
        return self.settings.model_copy(update=wrong)


@contextlib.asynccontextmanager
async def running_sandbox(
    connector: type[Connector], folder: Path, today: date | None = None, *, hub: str = ""
) -> AsyncIterator[Running]:
    """The connector's sandbox, listening; key files go below ``folder``, the demo world ends ``today`` (Jakarta).

    Its world stands still between the ticks a test asks for. A system that tells by itself tells the hub at ``hub``.
    """
    with bound("127.0.0.1", 0) as listener:
        url = address(listener)
        with patch.dict(os.environ, connector.sandbox_settings(url, folder)):
            settings = connector.Settings()
        package = connector.__module__.rpartition(".")[0]
        build = importlib.import_module(f"{package}.sandbox").build
        sandbox: Sandbox = build(settings, today or datetime.now(ZoneInfo("Asia/Jakarta")).date())
        sandbox.tick_every = 86_400.0  # type: ignore[misc]
        if hub:
            sandbox.hub = hub
        async with (
            serve(sandbox.app(), listener, lifespan="on"),
            httpx.AsyncClient(base_url=url, trust_env=False) as control,
        ):
            yield Running(connector, sandbox, settings, url, control)


def run(cursor: Cursor | None = None, *, full: bool = False, known: tuple[str, ...] = ()) -> Run:
    """What a pull is asked for, now; ``known`` is one batch of ids."""

    async def batches() -> AsyncIterator[list[str]]:
        if known:
            yield list(known)

    return Run(cursor=cursor or {}, full=full, now=datetime.now(UTC), known=batches())


async def pages_of(
    connector: Connector, cursor: Cursor | None = None, *, full: bool = False, most: int = PAGES
) -> list[Page]:
    """The first ``most`` pages of a run."""
    pages: list[Page] = []
    async for page in connector.pages(run(cursor, full=full)):
        pages.append(page)
        if len(pages) == most:
            break
    return pages


def secrets_of(settings: ConnectorSettings) -> dict[str, str]:
    """The settings that are secret and set, by name."""
    held = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {name: value.get_secret_value() for name, value in held.items() if isinstance(value, SecretStr)}


@cache
def found() -> dict[str, type[Connector]]:
    """Every connector there is, by the folder it lies in."""
    folders = [module.name for module in pkgutil.iter_modules(hub.connectors.__path__) if module.ispkg]
    return {name: _connector_of(f"hub.connectors.{name}.connector") for name in folders}


def _connector_of(module_name: str) -> type[Connector]:
    module = importlib.import_module(module_name)
    (connector,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Connector) and value.__module__ == module_name
    )
    return connector
