"""What systems tell the hub by calling it: checked by their connectors, stored through the one way in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hub.connectors import registry
from hub.connectors.base import Connector
from hub.connectors.hooks import HookCall, HookTold
from hub.connectors.registry import Enabled
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync.ingest import Ingest

TAKEN_WITHIN = 10.0
"""Seconds for storing what one call told; systems do not wait for long, and come again."""


class Hooks:
    """The hooks of the enabled systems; ``BadSetting`` where a setting of one is wrong."""

    def __init__(self, database: Database, seal: Seal, enabled: Iterable[Enabled]) -> None:
        self._hooks = {
            (system.name, hook): Hook(
                database, seal, registry.reader(system), hook, system.connector.hook_off(system.settings, hook)
            )
            for system in enabled
            for hook in system.connector.hooks
        }

    def find(self, system: str, path: str) -> Hook | None:
        """The hook of ``system`` at ``path``."""
        return self._hooks.get((system, path))


class Hook:
    """One address that one system calls. ``off`` says what is missing, where calls cannot be checked."""

    def __init__(self, database: Database, seal: Seal, connector: Connector, path: str, off: str | None) -> None:
        self._database, self._ingest, self._connector = database, Ingest(connector, seal), connector
        self.system, self.path, self.off = connector.name, path, off
        # A system's items are stored one call after the other anyway: those who wait hold no connection.
        self._turn = asyncio.Lock()

    def read(self, call: HookCall) -> HookTold:
        """What ``call`` tells, if the system signed it."""
        return self._connector.receive(call)

    async def take(self, told: HookTold, call: HookCall, correlation: str) -> None:
        """Store what was told, in one transaction; ``TimeoutError`` where that takes too long."""
        cause = Cause(f"hook:{self.system}", self.system, correlation)
        async with asyncio.timeout(TAKEN_WITHIN), self._turn, self._database.write(cause) as db:
            await self._ingest.batch(db, told.items, call.now)
