"""A hub that serves OSS and the licensing app: the sandboxes of both over HTTP, and a database of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asgi_lifespan import LifespanManager
from sqlalchemy import text

from hub.app import build
from hub.connectors.oss.connector import Oss
from hub.connectors.perizinan.connector import Perizinan
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Database
from hub.testing.registers import regular
from hub.testing.running import Running, running_sandbox
from tests.conftest import on, temporary_database
from tests.connectors.settings_variables import variables
from tests.faults.proxy import Proxy
from tests.faults.test_webhooks import KEYS
from tests.serving import serve
from tests.waits import wait_until

LOOK_UPS = 1_000_000
"""Look-ups a minute: tests have less time than they simulate."""
EVERY = 600.0
"""Seconds between two pulls of OSS, which look up record by record."""
UNLIMITED: dict[str, Any] = dict.fromkeys(
    ("rate_address", "rate_requests", "rate_cost", "rate_anonymous"), 1_000_000_000
)


@dataclass
class LicensingHub:
    """``url`` is that at which the hub serves; ``env`` are the variables of a worker."""

    database: Database
    url: str
    env: dict[str, str]
    oss: Running
    app: Running

    async def called(self) -> None:
        """Wait until the calls of OSS have arrived, unless it is down."""
        if self.oss.sandbox.fault.active:
            return

        async def none_waits() -> bool:
            return bool(self.oss.sandbox.figures()["waiting"] == 0)

        await wait_until(none_waits, lambda: "OSS still calls")

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]


@asynccontextmanager
async def licensing_hub(server: str, template: str, folder: Path, size: int) -> AsyncIterator[LicensingHub]:
    """A hub that both systems can call, and that has not read either of them yet."""
    async with AsyncExitStack() as stack:
        url = on(server, await stack.enter_async_context(temporary_database(server, template)))
        proxy = await stack.enter_async_context(Proxy(("127.0.0.1", 9)).running())
        oss = await stack.enter_async_context(running_sandbox(Oss, folder, hub=proxy.url, size=size))
        app = await stack.enter_async_context(running_sandbox(Perizinan, folder, size=size))
        oss = replace(oss, settings=oss.settings.model_copy(update={"inquiries": LOOK_UPS, "every": EVERY}))
        for side in (oss, app):
            stack.enter_context(regular(side))
        await migrate.migrate(url, [side.connector.declaration(side.settings) for side in (oss, app)])
        own = variables(oss.settings) | variables(app.settings)
        given: dict[str, Any] = {"database_url": url, "connectors": f"{Oss.name},{Perizinan.name}", **KEYS}
        with patch.dict(os.environ, own):
            served = build(Settings(**given, **UNLIMITED))
        await stack.enter_async_context(LifespanManager(served))
        at = await stack.enter_async_context(serve(served))
        host, _, port = at.removeprefix("http://").partition(":")
        proxy.target = host, int(port)
        database = Database(url, pool_size=8)
        stack.push_async_callback(database.close)
        env = own | {f"HUB_{name.upper()}": str(value) for name, value in given.items()}
        yield LicensingHub(database, at, env, oss, app)
