"""``hub run``, ``hub serve`` and ``hub worker``: the processes of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings


def run(
    demo: Annotated[
        bool, typer.Option("--demo", help="With demo data, and a sandbox for each system without a URL.")
    ] = False,
) -> None:
    """Run database, web server and worker until Ctrl-C, or until one of them exits."""
    import asyncio

    from hub.runtime.run import run

    asyncio.run(run(common.load_settings(warn=True), with_demo=demo))


def serve(
    subgraph: common.Subgraph = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The TCP port, instead of HUB_PORT.")] = None,
    inherited: common.InheritedSocket = None,
) -> None:
    """Serve the graph over HTTP."""
    import uvloop

    settings = common.load_settings(warn=inherited is None)
    with _traced(f"hub-{subgraph}" if subgraph else "hub"):
        uvloop.run(_serve(settings, subgraph, port, inherited))


@contextmanager
def _traced(service: str) -> Iterator[None]:
    """Trace this process as ``service`` for a block, if a collector is named."""
    from hub import tracing

    tracing.start(service)
    try:
        yield
    finally:
        tracing.stop()


async def _serve(settings: Settings, subgraph: str | None, port: int | None, inherited: int | None) -> None:
    import structlog

    from hub.app import build
    from hub.runtime.database_access import check_migrated, reachable_database
    from hub.runtime.pooler import check_pooler
    from hub.runtime.server import open_socket, serve, url_of

    sock = open_socket(settings.host, settings.port if port is None else port, inherited)
    if not subgraph:
        # A subgraph issues no tokens: it verifies those of the hub at HUB_PUBLIC_URL or HUB_PORT.
        settings = settings.model_copy(update={"public_url": settings.public_url or url_of(sock)})
    async with reachable_database(settings) as connected:
        app = build(connected, subgraph=subgraph)
        await check_pooler(connected)
        await check_migrated(connected)
        structlog.get_logger().info("serving", url=f"{url_of(sock)}/graphql", subgraph=subgraph)
        await serve(app, sock)


def worker() -> None:
    """Pull from the systems and run queued jobs until SIGTERM."""
    import asyncio

    settings = common.load_settings(use_running_sandboxes=True)
    with _traced("hub-worker"):
        asyncio.run(_worker(settings))


async def _worker(settings: Settings) -> None:
    from hub.runtime.database_access import check_migrated, reachable_database
    from hub.runtime.pooler import check_pooler
    from hub.sync.worker import run

    async with reachable_database(settings) as connected:
        await check_pooler(connected)
        await check_migrated(connected)
        await run(connected)
