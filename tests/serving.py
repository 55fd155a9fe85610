"""A real server in a test's own process, for clients that need a port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Literal
from unittest.mock import patch

import uvicorn
from starlette.types import ASGIApp

from hub.process.serve import address, bound


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp, on: socket.socket | None = None, *, lifespan: Literal["on", "off"] = "off"
) -> AsyncIterator[str]:
    """The URL at which ``app`` answers until the end of the block: on ``on``, else on a free port of this machine."""
    with on or bound("127.0.0.1", 0) as listener:
        # What breaks on purpose is an error to uvicorn, which would log a trace of it each time.
        config = uvicorn.Config(app, log_level="critical", ws="none", lifespan=lifespan, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        with patch.object(server, "capture_signals", contextlib.nullcontext):
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started:
                if serving.done():
                    await serving
                await asyncio.sleep(0.01)
            try:
                yield address(listener)
            finally:
                server.should_exit = True
                await serving
