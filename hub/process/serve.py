"""Serves an ASGI app with uvicorn, on an address or on a socket its starter bound already."""

from __future__ import annotations

import gc
import signal
import socket

import uvicorn
from starlette.types import ASGIApp

from hub.errors import BadSetting

STOP_WITHIN = 2
"""Seconds for requests that are being answered when the end comes."""


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to ``host`` and ``port`` (0: a free one); ``BadSetting`` when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off on what is accepted.
    fresh = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        fresh.bind((host, port))
    except OSError as error:
        fresh.close()
        raise BadSetting(
            f"Port {port} of {host} cannot be used ({error.strerror}): stop what uses it, or name another, by HUB_PORT"
            " or --port."
        ) from error
    return fresh


def address(of: socket.socket) -> str:
    """The URL of what is served on ``of``, as this machine reaches it."""
    host, port = of.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared with, not listened on)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(app: ASGIApp, on: socket.socket, *, behind_proxy: bool = True) -> None:
    """Serve ``app`` until SIGINT or SIGTERM. Requests are logged by the app, without query strings."""
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        timeout_graceful_shutdown=STOP_WITHIN,
    )
    # uvicorn raises a signal again once it has stopped; what called us has to clean up first.
    for sent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent, signal.SIG_IGN)
    settle()
    await uvicorn.Server(config).serve(sockets=[on])


def settle() -> None:
    """Say that what was made to start lives to the end.

    Else the collector looks through all of it, most of which is the schema, whenever many rows have been
    made; that took as long as reading the rows.
    """
    gc.collect()
    gc.freeze()
