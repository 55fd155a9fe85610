"""The hub's app on a port, with the payment provider's settings, for callers over HTTP."""

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
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Database
from tests.serving import serve

KEYS: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}


@dataclass
class Hub:
    """A running hub at ``url``, and its database."""

    url: str
    database: Database
    http: httpx.AsyncClient

    async def payments(self) -> dict[str, tuple[Any, ...]]:
        """Return status, corridor and merchant by reference."""
        query = "select external_id, status, body ->> 'corridor', body ->> 'merchant' from records"
        async with self.database.read() as db:
            return {row[0]: tuple(row[1:]) for row in await db.execute(text(query))}

    async def count(self, table: str) -> int:
        async with self.database.read() as db:
            return int((await db.execute(text(f"select count(*) from {table}"))).scalar_one())


@asynccontextmanager
async def listening(database_url: str, settings: GopaySettings) -> AsyncIterator[Hub]:
    """Run the hub's app on a free port; the provider's settings are read from the environment."""
    await migrate.migrate(database_url, [Gopay.declaration(settings)])
    given = {
        f"HUB_GOPAY_{name.upper()}": settings.need(name)
        for name in ("partner_id", "notify_public_key_file", "server_key")
    }
    with patch.dict(os.environ, given):
        app = build(Settings(database_url=database_url, connectors="gopay", **KEYS))
    database = Database(database_url)
    async with LifespanManager(app), serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        try:
            yield Hub(url, database, http)
        finally:
            await database.close()
