"""The common setup of all attempts: a template of the database, keys and tokens, and the sandboxes' size."""

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
from hub.connectors.base import Connector
from hub.contract import Raw
from hub.runtime import demo_access
from hub.settings import Settings, read_settings
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.migrate import migrate
from hub.testing.running import Running, pages_of, running_sandbox
from tests.conftest import on, temporary_database
from tests.hub_processes import variables

NUMBERS = "insert into ticket_numbers values (date_part('year', now()), 700000)"
"""Tickets begin at a number that the sandboxes' data does not cite."""
SIZE = 60
"""Items in each sandbox."""
ISSUER = "http://127.0.0.1:8000"
"""The issuer of tokens, whatever port a process listens on."""


@dataclass
class SweepSetup:
    """``template`` is a migrated database with the officer's token; scenarios fill copies of it."""

    server: str
    folder: Path
    connectors: list[type[Connector]]
    template: str = ""
    token: str = ""
    settings: Settings = field(default_factory=Settings)
    items: dict[str, list[Raw]] = field(default_factory=dict)
    """The items that each system lists before anything changes."""

    def env(self) -> dict[str, str]:
        """Return the variables of a hub, without its database and those of its systems."""
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
        """Return the folder of the keys that sandboxes and connectors share."""
        return self.folder / "keys"

    @property
    def cipher(self) -> FieldCipher:
        """Return the cipher of the hub's personal data."""
        return FieldCipher([b"k" * 32], b"s" * 40)

    @property
    def names(self) -> list[str]:
        """Return the names of the systems."""
        return [connector.name for connector in self.connectors]


async def listed_items(running: Running) -> list[Raw]:
    """Return everything that a system lists."""
    async with running.connected(attempts=3) as connector:
        return [item for page in await pages_of(connector, full=True, most=10_000) for item in page.items]


@asynccontextmanager
async def sweep_setup(server: str, template: str, folder: Path) -> AsyncIterator[SweepSetup]:
    """The setup of a sweep, on a copy of the migrated database ``template``."""
    setup = SweepSetup(server, folder, [registry.load(name) for name in registry.discover()])
    async with temporary_database(server, template) as name:
        with patch.dict(os.environ, setup.env()):
            settings = read_settings(Settings)
            systems = [kind.declaration(read_settings(kind.Settings)) for kind in setup.connectors]
        await migrate(on(server, name), systems)
        database = Database(on(server, name), pool_size=2)
        async with database.write(Cause("test", "test", "ground")) as db:
            await db.execute(text(NUMBERS))
        access = await demo_access.create_access(settings, database, ISSUER, setup.names)
        setup.token = access.tokens["officer"]
        await database.close()
        setup.template, setup.settings = name, settings
        for kind in setup.connectors:
            async with running_sandbox(kind, setup.keys, size=SIZE) as running:
                setup.items[kind.name] = await listed_items(running)
        yield setup
