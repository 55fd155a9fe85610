"""The hub's own app on a port, with the payment provider's settings, for callers that speak HTTP to it."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import httpx
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from hub.app import build
from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.registry import Enabled
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Database
from tests.serving import serve

KEYS: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}


@dataclass
class Hub:
    """A hub that listens at ``url``, and its database."""

    url: str
    database: Database
    http: httpx.AsyncClient

    async def payments(self) -> dict[str, tuple[Any, ...]]:
        """Status, corridor and merchant by reference."""
        wanted = "select external_id, status, body ->> 'corridor', body ->> 'merchant' from records"
        async with self.database.read() as db:
            return {row[0]: tuple(row[1:]) for row in await db.execute(text(wanted))}

    async def count(self, table: str) -> int:
        async with self.database.read() as db:
            return int((await db.execute(text(f"select count(*) from {table}"))).scalar_one())


@asynccontextmanager
async def listening(database_url: str, settings: GopaySettings) -> AsyncIterator[Hub]:
    """The hub's whole app on a port of its own; the provider's settings are read from the environment."""
    await migrate.migrate(database_url, [Enabled(Gopay, settings)])
    given = {
        f"HUB_GOPAY_{name.upper()}": settings.need(name)
        for name in ("partner_id", "notify_public_key_file", "server_key")
    }
    with patch.dict(os.environ, given):
        app = build(Settings(database_url=database_url, connectors="gopay", **KEYS))  # type: ignore[arg-type]
    database = Database(database_url)
    async with LifespanManager(app), serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield Hub(url, database, http)
    await database.close()
