"""Systems call the hub over each faulty network and repeat their calls: acknowledged items are stored once."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from asgi_lifespan import LifespanManager

from hub.app import build
from hub.connectors.base import Connector
from hub.settings import Settings
from hub.store.database import Database
from hub.sync.batch import read_items
from hub.sync.inquiries import InquiryRun
from hub.sync.pull import Pull
from hub.testing.running import all_connectors, running_sandbox
from tests.conftest import on, temporary_database
from tests.connectors.settings_variables import variables
from tests.faults.attempts import try_cells
from tests.faults.cells import Cell, cells
from tests.faults.proxy import Proxy
from tests.faults.setup import SIZE, FaultSetup
from tests.serving import serve
from tests.waits import hanging, wait_until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(400)]

CALLERS = [pytest.param(kind, id=name) for name, kind in all_connectors().items() if kind.webhooks]
NOTICES = 5
KEYS = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 40}
PATIENCE = 1.0
"""Seconds for which a system repeats its calls after the fault has affected a connection."""
AGAIN = 3.0
"""Seconds between its repeats over a network without faults."""


@asynccontextmanager
async def called(connector: type[Connector], server: str, template: str, keys: Path) -> AsyncIterator[FaultSetup]:
    """A running hub, a system that calls it, and a faulty network between the two."""
    async with AsyncExitStack() as stack:
        url = on(server, await stack.enter_async_context(temporary_database(server, template)))
        proxy = await stack.enter_async_context(Proxy(("127.0.0.1", 9)).running())
        running = await stack.enter_async_context(running_sandbox(connector, keys, hub=proxy.url, size=SIZE))
        with patch.dict(os.environ, variables(running.settings)):
            app = build(Settings(database_url=url, connectors=connector.name, **KEYS))  # type: ignore[arg-type]
        await stack.enter_async_context(LifespanManager(app))
        host, _, port = (await stack.enter_async_context(serve(app))).removeprefix("http://").partition(":")
        proxy.target = host, int(port)
        database = Database(url, pool_size=3)
        stack.push_async_callback(database.close)
        yield FaultSetup(running, proxy, database)


async def notify(setup: FaultSetup, references: list[str]) -> None:
    """Let the system send a notification of each reference."""
    for reference in references:
        setup.running.sandbox.act({"do": "notify", "reference": reference})


async def missing(setup: FaultSetup, references: list[str]) -> list[str]:
    """Return the references that are not stored."""
    stored = {reference for (reference,) in await setup.rows("select external_id from records")}
    return [reference for reference in references if reference not in stored]


async def notify_until_stored(setup: FaultSetup, references: list[str]) -> None:
    """Let the system repeat the notifications that were not acknowledged, until all are stored."""
    async with hanging():
        while left := await missing(setup, references):
            await notify(setup, left)
            await asyncio.sleep(AGAIN)
            async with setup.running.connected(attempts=3) as connector:
                await InquiryRun(setup.database, connector, setup.cipher).run()


@pytest.mark.parametrize("connector", CALLERS)
async def test_notifications_over_a_bad_network_are_stored_once(
    connector: type[Connector], postgres_url: str, every_system: str, keys: Path, record_figure: Callable[[str], None]
) -> None:
    async def cell(cell: Cell) -> None:
        async with called(connector, postgres_url, every_system, keys) as setup:
            items = await setup.listed()
            rows = read_items(object.__new__(connector), setup.cipher, items, datetime.now(UTC)).rows
            references = [external_id for _, external_id in rows][:NOTICES]
            setup.bad(cell, share=0.8)
            await notify(setup, references)
            await wait_until(setup.fault_occurred, lambda: "the fault affected no connection")
            await asyncio.sleep(PATIENCE)
            await setup.good()
            await notify_until_stored(setup, references)
            async with setup.running.connected(attempts=3) as directly:
                assert (await Pull(setup.database, directly, setup.cipher).run()).outcome == "DONE"
            await setup.agree(items)

    await try_cells(f"calls of {connector.name}", cell, cells(), record_figure)
