"""Systems call the hub over every bad network, and go on calling: what they were answered is there, once."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from asgi_lifespan import LifespanManager

from hub.app import build
from hub.connectors.base import Connector
from hub.settings import Settings
from hub.store.database import Database
from hub.sync.batch import read
from hub.sync.pull import Pull
from tests.conftest import on, temporary_database
from tests.connectors.running import found, running_sandbox
from tests.connectors.variables import variables
from tests.faults.faults import Cell, cells
from tests.faults.field import Field
from tests.faults.proxy import Proxy
from tests.faults.trying import tried
from tests.serving import serve

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

CALLERS = [pytest.param(kind, id=name) for name, kind in found().items() if kind.hooks]
NOTICES = 5
KEYS = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 40}
PATIENCE = 1.0
"""Seconds for which a system calls over a bad network."""
WITHIN, AGAIN = 60.0, 3.0
"""Seconds within which it has told everything over a good one, and after which it tells again."""


@asynccontextmanager
async def called(connector: type[Connector], server: str, template: str, keys: Path) -> AsyncIterator[Field]:
    """A hub that listens, a system that calls it, and a bad network between the two."""
    async with AsyncExitStack() as stack:
        url = on(server, await stack.enter_async_context(temporary_database(server, template)))
        proxy = await stack.enter_async_context(Proxy(("127.0.0.1", 9)).running())
        running = await stack.enter_async_context(running_sandbox(connector, keys, hub=proxy.url))
        with patch.dict(os.environ, variables(running.settings)):
            app = build(Settings(database_url=url, connectors=connector.name, **KEYS))  # type: ignore[arg-type]
        await stack.enter_async_context(LifespanManager(app))
        host, _, port = (await stack.enter_async_context(serve(app))).removeprefix("http://").partition(":")
        proxy.target = host, int(port)
        database = Database(url, pool_size=3)
        stack.push_async_callback(database.close)
        yield Field(running, proxy, database)


async def notify(field: Field, references: list[str]) -> None:
    """Have the system tell of each."""
    for reference in references:
        field.running.sandbox.act({"do": "notify", "reference": reference})


async def missing(field: Field, references: list[str]) -> list[str]:
    """Those that the hub does not hold."""
    held = {reference for (reference,) in await field.rows("select external_id from records")}
    return [reference for reference in references if reference not in held]


async def told(field: Field, references: list[str]) -> None:
    """The system goes on telling of what it was not answered, until the hub holds all."""
    async with asyncio.timeout(WITHIN):
        while left := await missing(field, references):
            await notify(field, left)
            await asyncio.sleep(AGAIN)


@pytest.mark.parametrize("connector", CALLERS)
async def test_what_is_told_over_a_bad_network_is_there_once(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path, tell: Callable[[str], None]
) -> None:
    async def cell(cell: Cell) -> None:
        async with called(connector, postgres_url, every_system, keys) as field:
            items = await field.listed()
            rows = read(object.__new__(connector), field.seal, items).rows
            references = [external_id for _, external_id in rows][:NOTICES]
            field.bad(cell, share=0.8)
            await notify(field, references)
            await asyncio.sleep(PATIENCE)
            assert field.proxy.met
            await field.good()
            await told(field, references)
            async with field.running.connected(attempts=3) as directly:
                assert (await Pull(field.database, directly, field.seal).run()).outcome == "DONE"
            await field.agree(items)

    await tried(f"calls of {connector.name}", cell, cells(), tell)
