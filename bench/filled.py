"""The data set of the measurements of requests: the demo's year of complaints, and all records of its sandboxes."""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg

from bench.setting import CIPHER, DAY
from hub.connectors import registry
from hub.connectors.base import Connector
from hub.demo.world import DemoWorld
from hub.http_client import Http
from hub.runtime.server import bind_socket, url_of
from hub.settings import Settings
from hub.store.database import Database
from hub.store.demo_seed import seed
from hub.store.migrate import migrate
from hub.sync.pull import Pull
from hub.testing.running import all_connectors
from hub.testing.serving import serve

FEW = 4_000
"""How many complaints a short measurement has, and about how many records of each system."""


async def fill(url: str, folder: Path, *, short: bool = False) -> None:
    """Fill the empty database at ``url``; with ``short``, with few complaints and records."""
    await migrate(url, [each.declaration for each in registry.enabled(Settings())])
    database = Database(url, pool_size=2)
    await seed(database, CIPHER, DAY, *([FEW] if short else []))
    for connector in all_connectors().values():
        async with _connected(connector, folder, short=short) as source:
            await Pull(database, source, CIPHER).run()
    await database.close()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        await db.execute("vacuum analyze")
        await db.execute("checkpoint")


@asynccontextmanager
async def _connected(connector: type[Connector], folder: Path, *, short: bool) -> AsyncIterator[Connector]:
    """Yield the connector of a sandbox, which runs in this process until the block ends.

    The files of records are not downloaded: no measurement reads them.
    """
    module = importlib.import_module(f"{connector.__module__.rpartition('.')[0]}.sandbox")
    # `files` of the base class is what a system without files has.
    without_files = type(
        connector.__name__, (connector,), {"files": Connector.files, "__module__": connector.__module__}
    )
    with bind_socket("127.0.0.1", 0) as listener:
        url = url_of(listener)
        with patch.dict(os.environ, module.variables(url, folder)):
            settings = connector.Settings()
        sandbox = module.build(settings, DemoWorld(DAY, FEW), FEW) if short else module.build(settings, DemoWorld(DAY))
        sandbox.tick_every = 86_400.0
        async with serve(sandbox.app(), listener, lifespan="on"), Http(url, deadline=60.0, timeout=30.0) as http:
            yield without_files(settings, http)
