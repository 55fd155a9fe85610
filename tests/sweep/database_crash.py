"""A crash of the database's server: its unwritten memory is lost, and the hub's processes continue."""

from __future__ import annotations

import asyncio
import os
import signal

from hub.errors import BadSetting
from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres
from tests.waits import hanging

FORGETFUL = {**THROWAWAY, "synchronous_commit": "off"}
"""Settings under which a crash loses committed data unless a transaction requires durability."""


async def crash(server: EmbeddedPostgres) -> None:
    """Kill the server and start it again."""
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    async with hanging():
        # Its children take a moment to see that they are orphans, and hold the data until then.
        while True:
            server.stop()
            try:
                server.start()
            except BadSetting:
                await asyncio.sleep(0.1)
            else:
                return
