"""``hub run``: database, sandboxes, web server and worker as children of one process.

Order: the lock of the data folder and the port, so that a refusal comes first; the private PostgreSQL; the sandboxes,
which invent their data meanwhile; migrations and demo data; ``run.json``; then ``serve`` and ``worker``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import typer

from hub.connectors import registry
from hub.errors import ConfigurationError
from hub.runtime import demo
from hub.runtime.database_access import check_secret_key, open_database
from hub.runtime.demo_world import shared_world
from hub.runtime.embedded_postgres import embedded_postgres
from hub.runtime.folder_lock import FolderLock, inode_of, is_unchanged
from hub.runtime.local_keys import with_keys, write_private
from hub.runtime.migrations import migrate_as_owner
from hub.runtime.progress import Progress
from hub.runtime.server import bind_socket, url_of
from hub.runtime.supervisor import Supervisor
from hub.settings import Settings, read_settings

EXAMPLE_QUERY = "{ systems { name state recordCount asOf } }"
READY_POLL_SECONDS = 0.25
PROGRESS_SECONDS = 1.0


@dataclass(slots=True)
class RunInfo:
    """The content of ``run.json`` for scripts: the hub's URL, tokens by name, sandboxes by system."""

    url: str
    tokens: dict[str, str] = field(default_factory=dict)
    sandboxes: dict[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write it to ``path``, readable by this user only."""
        info = {"url": self.url, "tokens": self.tokens, "sandboxes": self.sandboxes}
        write_private(path, json.dumps(info, indent=2))


async def run(settings: Settings, *, with_demo: bool) -> None:
    """Run the hub until SIGINT, SIGTERM or SIGHUP.

    Raises ``BadSetting`` before the start, and ``ConfigurationError`` when a vital process has exited.
    """
    stop = _stopped_by_signal()
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(bind_socket(settings.host, settings.port))
        demo_variables = demo.demo_settings(settings) if with_demo else {}
        url = await stack.enter_async_context(_database(settings))
        lock_file = inode_of(settings.data_dir)
        # Connectors read their settings from the environment, in this process and in the children.
        os.environ.update(demo_variables, HUB_DATABASE_URL=url)
        sandboxes = _plan_sandboxes(settings, with_demo=with_demo)
        demo.delete_leftover_variables(settings)
        for name, variables in sandboxes.variables.items():
            os.environ.update(variables)
            stack.enter_context(demo.variables_file(settings, name, variables))
        settings = with_keys(read_settings(Settings))
        os.environ.update(_key_variables(settings))
        info = RunInfo(url_of(sock), sandboxes=sandboxes.urls)
        supervisor = Supervisor(settings.data_dir / "logs")
        stack.callback(supervisor.stop)
        run_file = settings.data_dir / "run.json"
        stack.callback(run_file.unlink, missing_ok=True)
        _start_sandboxes(stack.enter_context(ExitStack()), supervisor, sandboxes, settings, info.url)
        await _until_stopped(
            stop, _start_all(settings, supervisor, info, sock, run_file, lock_file, with_demo=with_demo)
        )
        typer.echo("Stopping.")


async def _start_all(
    settings: Settings,
    supervisor: Supervisor,
    info: RunInfo,
    sock: socket.socket,
    run_file: Path,
    lock_file: int,
    *,
    with_demo: bool,
) -> None:
    """Migrate the database, start web server and worker, and watch them."""
    await prepare_database(settings, with_demo=with_demo)
    if with_demo:
        await _issue_demo_tokens(settings, info)
    info.write(run_file)
    supervisor.start("serve", ["serve"], os.environ, sock=sock)
    typer.echo(f"Worker: process {supervisor.start('worker', ['worker'], os.environ)}")
    await _watch(settings, supervisor, info, lock_file)


async def _issue_demo_tokens(settings: Settings, info: RunInfo) -> None:
    """Issue tokens of the demo officer, partner and central system, and add the commands for more."""
    from hub.runtime.demo_access import create_access

    systems = sorted(system.name for system in registry.enabled(settings))
    async with open_database(settings) as store:
        access = await create_access(settings, store, settings.public_url or info.url, systems)
    info.tokens, info.lines = access.tokens, access.lines
    # The query page is prefilled with it.
    os.environ["HUB_QUERY_TOKEN"] = access.tokens["officer"]


def _stopped_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sent, stop.set)
    return stop


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    """Yield the database's URL; the data folder is locked in either case."""
    if not settings.database_url:
        async with embedded_postgres(settings.data_dir) as url:
            yield url
        return
    lock = FolderLock(settings.data_dir)
    lock.acquire()
    try:
        yield settings.database_url
    finally:
        lock.release()


def _plan_sandboxes(settings: Settings, *, with_demo: bool) -> demo.SandboxSockets:
    """Return sandboxes for the systems without a URL; without ``with_demo`` those systems are disabled."""
    systems = registry.enabled(settings)
    if with_demo:
        return demo.SandboxSockets(systems, settings.data_dir.resolve() / "sandboxes")
    with_url = [system.name for system in systems if system.settings.url]
    for name in sorted({system.name for system in systems} - set(with_url)):
        typer.echo(f"{name}: left out, because HUB_{name.upper()}_URL is not set.")
    # An empty variable is treated as unset, which enables all connectors.
    os.environ["HUB_CONNECTORS"] = ",".join(with_url) or ","
    return demo.SandboxSockets([], settings.data_dir)


def _key_variables(settings: Settings) -> dict[str, str]:
    assert settings.secret_key
    return {
        "HUB_PII_KEYS": ",".join(key.get_secret_value() for key in settings.pii_keys),
        "HUB_SECRET_KEY": settings.secret_key.get_secret_value(),
    }


def _start_sandboxes(
    stack: ExitStack, supervisor: Supervisor, sandboxes: demo.SandboxSockets, settings: Settings, hub: str
) -> None:
    if not sandboxes.sockets:
        return
    world = settings.data_dir.resolve() / "sandboxes" / "world"
    stack.enter_context(shared_world(world, demo.today(settings)))
    for name, sock in sandboxes.sockets.items():
        command = ["sandbox", name, f"--hub={hub}", f"--world={world}"]
        pid = supervisor.start(f"sandbox-{name}", command, os.environ, sock=sock, vital=False)
        typer.echo(f"Sandbox of {name}: {sandboxes.urls[name]}, process {pid}")


async def prepare_database(settings: Settings, *, with_demo: bool) -> None:
    """Run migrations, and seed the demo complaints if requested; settings come from ``reachable_database``."""
    assert settings.database_url
    enabled = registry.enabled(settings)
    registry.forwarding_rules(settings.forward, enabled)
    await migrate_as_owner(settings, [each.declaration for each in enabled])
    await check_secret_key(settings)
    if with_demo:
        from hub.store.demo_seed import seed
        from hub.store.encryption import FieldCipher

        typer.echo(f"Inventing a year of complaints up to {demo.today(settings)}, unless they exist ...")
        async with open_database(settings) as store:
            await seed(store, FieldCipher(settings.sealing_keys, settings.secret), demo.save_day(settings))


async def _until_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``, and cancel it when ``stop`` is set."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _watch(settings: Settings, supervisor: Supervisor, info: RunInfo, lock_file: int) -> None:
    """Print when the hub is ready, then each system's progress.

    Raises ``ConfigurationError`` when a vital child has exited or the data folder was removed; its lock file has the
    inode ``lock_file``.
    """
    async with open_database(settings) as store, httpx.AsyncClient(trust_env=False) as client:
        while not await _is_ready(client, info.url):
            _report_exits(supervisor)
            await asyncio.sleep(READY_POLL_SECONDS)
        _print_welcome(info)
        progress = Progress(store)
        while True:
            if not is_unchanged(settings.data_dir, lock_file):
                raise ConfigurationError(
                    f"The data folder {settings.data_dir} was removed, and the hub's data with it."
                )
            _report_exits(supervisor)
            for line in await progress.lines():
                typer.echo(line)
            await asyncio.sleep(PROGRESS_SECONDS)


def _report_exits(supervisor: Supervisor) -> None:
    for sentence in supervisor.report_exits():
        typer.echo(sentence, err=True)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _print_welcome(info: RunInfo) -> None:
    typer.echo(f"\nThe hub is ready: {info.url}/graphql (query page in a browser), {info.url}/ (what the public sees)")
    token = info.tokens.get("officer")
    if token:
        typer.echo(f"Token of the demo officer: {token}")
    headers = f" -H 'Authorization: Bearer {token}' -H 'Hub-Purpose: handling'" if token else ""
    body = json.dumps({"query": EXAMPLE_QUERY})
    typer.echo("Try it:\n")
    typer.echo(f"curl -s {info.url}/graphql -H 'Content-Type: application/json'{headers} -d '{body}'\n")
    if info.lines:
        typer.echo("\n".join(info.lines) + "\n")
    systems = ", ".join(sorted(info.sandboxes))
    if systems:
        typer.echo(f"The first pull of each system is running ({systems}); a line follows when it has ended.")
    typer.echo("Press Ctrl-C to stop.")
