"""``hub run``: database, sandboxes, web server and worker as children of one process, until somebody ends it.

Order: the data folder's lock and the port, so that a refusal comes first; the private PostgreSQL;
the sandboxes, which make up their world meanwhile; migrations and demo data; ``run.json``; then
``serve`` and ``worker``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import typer

from hub.connectors import registry
from hub.process import demo
from hub.process.embedded import embedded
from hub.process.keys import with_keys, write_private
from hub.process.lock import FolderLock
from hub.process.progress import Progress
from hub.process.reach import database
from hub.process.serve import address, bound
from hub.process.supervise import Children
from hub.settings import Settings, read
from hub.store.migrate import migrate

EXAMPLE = "{ systems { name state records asOf } }"
READY_EVERY = 0.25
PROGRESS_EVERY = 1.0


@dataclass(slots=True)
class Told:
    """What ``run.json`` tells scripts: where the hub is, tokens by name, sandboxes by system."""

    url: str
    tokens: dict[str, str] = field(default_factory=dict)
    sandboxes: dict[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write it to ``path`` for the eyes of this user only."""
        told = {"url": self.url, "tokens": self.tokens, "sandboxes": self.sandboxes}
        write_private(path, json.dumps(told, indent=2))


async def run(settings: Settings, *, with_demo: bool) -> None:
    """Run the hub until SIGINT, SIGTERM or SIGHUP; ``Stop`` when a part of it died, ``BadSetting`` before it began."""
    stop = _stopped_by_signal()
    async with AsyncExitStack() as stack:
        web = stack.enter_context(bound(settings.host, settings.port))
        demonstration = demo.variables(settings) if with_demo else {}
        url = await stack.enter_async_context(_database(settings))
        # The connectors' settings are read from the environment, here as in the children.
        os.environ.update(demonstration, HUB_DATABASE_URL=url)
        stage = _stage(settings, with_demo=with_demo)
        demo.forget(settings)
        for name, given in stage.variables.items():
            os.environ.update(given)
            stack.enter_context(demo.remembered(settings, name, given))
        settings = with_keys(read(Settings))
        os.environ.update(_keys(settings))
        told = Told(address(web), sandboxes=stage.urls)
        children = Children(settings.data_dir / "logs")
        stack.callback(children.stop)
        run_file = settings.data_dir / "run.json"
        stack.callback(run_file.unlink, missing_ok=True)
        _start_sandboxes(children, stage, told.url)
        await _or_stop(stop, _lead(settings, children, told, web, run_file, with_demo=with_demo))
        typer.echo("Ending.")


async def _lead(
    settings: Settings, children: Children, told: Told, web: socket.socket, run_file: Path, *, with_demo: bool
) -> None:
    """From an empty database to a hub that serves, and then for ever."""
    await prepare(settings, with_demo=with_demo)
    if with_demo:
        await _hand_out(settings, told)
    told.write(run_file)
    children.start("serve", ["serve"], os.environ, on=web)
    typer.echo(f"Worker: process {children.start('worker', ['worker'], os.environ)}")
    await _watch(settings, children, told)


async def _hand_out(settings: Settings, told: Told) -> None:
    """Tokens of the demo officer, partner and central system, and how to get more."""
    from hub.process.demo_access import given

    systems = sorted(told.sandboxes)
    async with database(settings) as store:
        access = await given(settings, store, settings.public_url or told.url, systems)
    told.tokens, told.lines = access.tokens, access.lines
    # The query page has it filled in.
    os.environ["HUB_QUERY_TOKEN"] = access.tokens["officer"]


def _stopped_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sent, stop.set)
    return stop


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    """The database's URL, with the data folder locked either way."""
    if not settings.database_url:
        async with embedded(settings.data_dir) as url:
            yield url
        return
    lock = FolderLock(settings.data_dir)
    lock.take()
    try:
        yield settings.database_url
    finally:
        lock.release()


def _stage(settings: Settings, *, with_demo: bool) -> demo.Stage:
    """Sandboxes for the systems without a URL; outside a demonstration those systems are left out."""
    systems = registry.enabled(settings)
    if with_demo:
        return demo.Stage(systems, settings.data_dir.resolve() / "sandboxes")
    with_url = [system.name for system in systems if system.settings.url]
    for name in sorted({system.name for system in systems} - set(with_url)):
        typer.echo(f"{name}: left out, because HUB_{name.upper()}_URL is not set.")
    # An empty variable counts as unset, and that would be all of them.
    os.environ["HUB_CONNECTORS"] = ",".join(with_url) or ","
    return demo.Stage([], settings.data_dir)


def _keys(settings: Settings) -> dict[str, str]:
    assert settings.secret_key
    return {
        "HUB_PII_KEYS": ",".join(key.get_secret_value() for key in settings.pii_keys),
        "HUB_SECRET_KEY": settings.secret_key.get_secret_value(),
    }


def _start_sandboxes(children: Children, stage: demo.Stage, hub: str) -> None:
    for name, of in stage.sockets.items():
        pid = children.start(f"sandbox-{name}", ["sandbox", name, f"--hub={hub}"], os.environ, on=of, vital=False)
        typer.echo(f"Sandbox of {name}: {stage.urls[name]}, process {pid}")


async def prepare(settings: Settings, *, with_demo: bool) -> None:
    """Migrations, and the demo complaints if asked for; settings come from ``reached``."""
    assert settings.database_url
    registry.rules(settings)
    await migrate(settings.database_url, registry.enabled(settings))
    if with_demo:
        from hub.store.demo import seed
        from hub.store.sealing import Seal

        async with database(settings) as store:
            await seed(store, Seal(settings.sealing_keys, settings.secret), demo.keep_day(settings))


async def _or_stop(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """``work``, given up when somebody ends the run meanwhile."""
    doing = asyncio.create_task(work)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    doing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await doing


async def _watch(settings: Settings, children: Children, told: Told) -> None:
    """Tell when the hub is ready, then each system's progress; ``Stop`` when a vital child died."""
    async with database(settings) as store, httpx.AsyncClient(trust_env=False) as client:
        while not await _is_ready(client, told.url):
            _mourn(children)
            await asyncio.sleep(READY_EVERY)
        _welcome(told)
        progress = Progress(store)
        while True:
            _mourn(children)
            for line in await progress.lines():
                typer.echo(line)
            await asyncio.sleep(PROGRESS_EVERY)


def _mourn(children: Children) -> None:
    for sentence in children.deaths():
        typer.echo(sentence, err=True)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _welcome(told: Told) -> None:
    typer.echo(f"\nThe hub is ready: {told.url}/graphql (query page in a browser), {told.url}/ (state of each system)")
    token = told.tokens.get("officer")
    if token:
        typer.echo(f"Token of the demo officer: {token}")
    login = f" -H 'Authorization: Bearer {token}' -H 'Hub-Purpose: handling'" if token else ""
    body = json.dumps({"query": EXAMPLE})
    typer.echo("Try it:\n")
    typer.echo(f"curl -s {told.url}/graphql -H 'Content-Type: application/json'{login} -d '{body}'\n")
    if told.lines:
        typer.echo("\n".join(told.lines) + "\n")
    typer.echo("Ctrl-C ends it.")
