"""What all attempts stand on: a template of the database, keys and tokens, and the sandboxes' small worlds."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import text

from hub.connectors import registry
from hub.connectors.base import Connector, Raw
from hub.connectors.registry import Enabled
from hub.process import demo_access
from hub.settings import Settings, read
from hub.store.database import Cause, Database
from hub.store.migrate import migrate
from hub.store.sealing import Seal
from tests.conftest import on, temporary_database
from tests.connectors.running import Running, pages_of, running_sandbox
from tests.process.running import variables

NUMBERS = "insert into ticket_numbers values (date_part('year', now()), 700000)"
"""Tickets begin where the sandboxes' worlds cite none."""
ISSUER = "http://127.0.0.1:8000"
"""What tokens name as their issuer, whatever port a process listens on."""


@dataclass
class Ground:
    """``template`` is a migrated database in which the officer's token counts; lives add to copies of it."""

    server: str
    folder: Path
    connectors: list[type[Connector]]
    template: str = ""
    token: str = ""
    settings: Settings = field(default_factory=Settings)
    items: dict[str, list[Raw]] = field(default_factory=dict)
    """What each system lists before anything happens in its world."""

    def env(self) -> dict[str, str]:
        """The variables of a hub, without its database and those of its systems."""
        return variables(
            self.folder,
            HUB_PUBLIC_URL=ISSUER,
            HUB_PII_KEYS=base64.b64encode(b"k" * 32).decode(),
            HUB_SECRET_KEY="s" * 40,
            HUB_PULL_TICK="0.1",
            HUB_FEED_TICK="0.1",
            HUB_STALLED_AFTER="4",
            HUB_LOG_FORMAT="json",
            HUB_RATE_COST="100000000",
            HUB_RATE_REQUESTS="1000000",
        )

    @property
    def keys(self) -> Path:
        """Where sandboxes and connectors keep the keys they share."""
        return self.folder / "keys"

    @property
    def seal(self) -> Seal:
        """Opens and hashes what the hub keeps sealed."""
        return Seal([b"k" * 32], b"s" * 40)

    @property
    def names(self) -> list[str]:
        """The systems."""
        return [connector.name for connector in self.connectors]


async def listed(running: Running) -> list[Raw]:
    """Everything a system lists, as its connector is told it."""
    async with running.connected(attempts=3) as connector:
        return [item for page in await pages_of(connector, full=True, most=10_000) for item in page.items]


@asynccontextmanager
async def grounded(server: str, template: str, folder: Path) -> AsyncIterator[Ground]:
    """The ground of a sweep, on a copy of the migrated database ``template``."""
    ground = Ground(server, folder, [registry.load(name) for name in registry.found()])
    async with temporary_database(server, template) as name:
        with patch.dict(os.environ, ground.env()):
            settings = read(Settings)
            systems = [Enabled(kind, read(kind.Settings)) for kind in ground.connectors]
        await migrate(on(server, name), systems)
        database = Database(on(server, name), pool_size=2)
        async with database.write(Cause("test", "test", "ground")) as db:
            await db.execute(text(NUMBERS))
        access = await demo_access.given(settings, database, ISSUER, ground.names)
        ground.token = access.tokens["officer"]
        await database.close()
        ground.template, ground.settings = name, settings
        for kind in ground.connectors:
            async with running_sandbox(kind, ground.keys) as running:
                ground.items[kind.name] = await listed(running)
        yield ground
