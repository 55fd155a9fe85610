"""Serves an ASGI app with uvicorn, on an address or on an inherited socket."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from hub.errors import BadSetting
from hub.runtime.http_protocol import BoundedProtocol, allow_more_connections

BACKLOG = 2048
"""The number of connections that wait to be accepted, as in uvicorn."""

WEBSOCKET: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_max_size": 100_000,
    # Compression takes memory for each connection, and secrets beside a caller's text could be guessed by the size.
    "ws_per_message_deflate": False,
}
"""How WebSockets are served. uvicorn sends a ping every 20 seconds and closes what does not answer."""

KEEP_ALIVE_SECONDS = 5
KEEP_ALIVE: dict[str, Any] = {
    "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    "headers": [("Keep-Alive", f"timeout={KEEP_ALIVE_SECONDS}")],
}
"""The timeout of idle connections, with the header that states it: a client with a pool, such as a gateway, closes a
connection in time, and sends no request on one that the hub is about to close."""

GRACEFUL_SHUTDOWN_SECONDS = 2
"""Seconds for running requests at shutdown."""


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port`` (0: a free one); ``BadSetting`` if that fails.

    Clients that connect before the server accepts wait for it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With an explicit protocol, asyncio disables Nagle's algorithm on accepted connections.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        # Two sockets that are only bound, each with SO_REUSEADDR, would share the port until one of them listens.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise BadSetting(
            f"Port {port} of {host} cannot be used ({error.strerror}): stop what uses it, or name another, by HUB_PORT"
            " or --port."
        ) from error
    return sock


def open_socket(host: str, port: int, inherited: int | None) -> socket.socket:
    """Return the socket of the file descriptor ``inherited``; without one, ``bind_socket(host, port)``."""
    return bind_socket(host, port) if inherited is None else socket.socket(fileno=inherited)


def url_of(sock: socket.socket) -> str:
    """Return the URL of the socket's address, as reached from this machine."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared with, not listened on)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(app: ASGIApp, sock: socket.socket, *, behind_proxy: bool = True) -> None:
    """Serve ``app`` until SIGINT or SIGTERM. The app logs the requests, without query strings."""
    config = uvicorn.Config(
        app,
        loop="none",
        http=BoundedProtocol,
        **WEBSOCKET,
        **KEEP_ALIVE,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
    # uvicorn raises the signal again after it has stopped; the caller has to clean up first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    allow_more_connections()
    freeze_objects()
    await HubServer(config).serve(sockets=[sock])


class HubServer(uvicorn.Server):
    """A server that ends the app's streams before it waits for requests to end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams with a code that lets clients come back, then stop."""
        app = self.config.loaded_app
        while not hasattr(app, "state") and hasattr(app, "app"):
            app = app.app
        if stop := getattr(getattr(app, "state", None), "stop_streams", None):
            stop()
            # The streams send why they end before the connections are closed.
            await asyncio.sleep(0)
        await super().shutdown(sockets)


YOUNG_OBJECTS = 10_000
"""The number of new objects after which the garbage collector looks for cycles among them: those of several answers.
With Python's 700 it looks several times while one is made, whose objects are all in use."""


def freeze_objects() -> None:
    """Exclude all objects that exist now from garbage collection, and collect new ones less often.

    They live until the end, and most of them are the schema. Otherwise the collector traverses all of them whenever
    many rows were made, which took as long as reading the rows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
