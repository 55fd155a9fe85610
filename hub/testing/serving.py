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

from hub.concurrency import cancel_and_wait
from hub.runtime.http_protocol import BoundedProtocol
from hub.runtime.server import KEEP_ALIVE, WEBSOCKET, HubServer, bind_socket, url_of


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp,
    on: socket.socket | None = None,
    *,
    lifespan: Literal["on", "off"] = "off",
    http: type[asyncio.Protocol] = BoundedProtocol,
) -> AsyncIterator[str]:
    """Serve ``app`` on ``on``, else on a free port of this machine, until the end of the block; yield the URL."""
    with on or bind_socket("127.0.0.1", 0) as listener:
        # uvicorn would log a trace for each error that a test causes on purpose.
        config = uvicorn.Config(
            app,
            http=http,
            log_level="critical",
            **WEBSOCKET,
            **KEEP_ALIVE,
            lifespan=lifespan,
            timeout_graceful_shutdown=2,
        )
        server = HubServer(config)
        with patch.object(server, "capture_signals", contextlib.nullcontext):
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started:
                if serving.done():
                    await serving
                await asyncio.sleep(0.01)
            try:
                yield url_of(listener)
            finally:
                server.should_exit = True
                await serving
                # uvicorn cancels tasks after its grace period, and does not wait until they end.
                await cancel_and_wait(server.server_state.tasks)
