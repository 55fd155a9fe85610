"""Databases for tests: a PostgreSQL server per session, and a fresh, migrated database per test.

A database is a copy of a template, which takes a tenth of the time of registering a system in it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from psycopg import AsyncConnection, sql

from hub.contract import SystemDeclaration
from hub.runtime import postgres_paths
from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres
from hub.runtime.folder_lock import FolderInUse, FolderLock

TEST_SERVER = "HUB_TEST_DATABASE_URL"
"""The variable with the URL of a server for test databases, such as PostgreSQL 15; unset: a private one."""
SERVER_SETTINGS = {**THROWAWAY, "shared_buffers": "32MB"}
"""Settings of the private server, which looks through all its buffers for each database created or dropped."""
MEMORY = Path("/dev/shm")
MIN_FREE_BYTES = 4 << 30
"""Free bytes that ``MEMORY`` needs to store a server's data, which takes some hundred megabytes."""
PREFIX = "hub-test-"
STALE_AFTER = 3600.0
"""Seconds after which the folder of a session that was killed is removed."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the URL of a server on which this session may create databases."""
    if configured := os.environ.get(TEST_SERVER):
        with _kept_connection(configured):
            yield configured
        return
    remove_stale_folders(Path(fast_disk() or tempfile.gettempdir()), time.time())
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=fast_disk()) as folder:
        # Root's server runs as another user, who must be able to pass through.
        Path(folder).chmod(0o711)
        data = patch.object(postgres_paths, "SHARED", Path(folder))
        server = EmbeddedPostgres(Path(folder), SERVER_SETTINGS)
        try:
            with data:
                url = server.start()
            with _kept_connection(url):
                yield url
        finally:
            with data:
                server.destroy()


def remove_stale_folders(parent: Path, now: float) -> None:
    """Remove the folders in ``parent`` that killed sessions have left, whose locks no server holds."""
    for folder in parent.glob(f"{PREFIX}*"):
        lock = FolderLock(folder)
        try:
            if not (folder / "lock").is_file() or folder.stat().st_mtime > now - STALE_AFTER:
                continue
            lock.acquire(timeout=0)
        except (FolderInUse, OSError):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def fast_disk() -> Path | None:
    """Return a folder in memory if enough is free, for hundreds of files in each database, else None."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MIN_FREE_BYTES else None


@pytest.fixture(scope="session")
async def template_database(postgres_url: str) -> AsyncIterator[str]:
    """Yield the name of a migrated database without rows, the template of others."""
    from hub.store.migrate import migrate

    async with temporary_database(postgres_url) as name:
        await migrate(on(postgres_url, name))
        yield name


class Templates:
    """Migrated databases without rows, to be copied: one for each set of systems, created when it is first needed."""

    def __init__(self, server: str, template: str, stack: AsyncExitStack) -> None:
        self._server, self._template, self._stack = server, template, stack
        self._names: list[tuple[tuple[SystemDeclaration, ...], str]] = [((), template)]

    async def name(self, systems: tuple[SystemDeclaration, ...]) -> str:
        """Return the name of the template in which ``systems`` are registered."""
        for registered, name in self._names:
            if registered == systems:
                return name
        return await self._register(systems)

    async def _register(self, systems: tuple[SystemDeclaration, ...]) -> str:
        from hub.store.migrate import migrate

        name = await self._stack.enter_async_context(temporary_database(self._server, self._template))
        await migrate(on(self._server, name), systems)
        self._names.append((systems, name))
        return name


@pytest.fixture(scope="session")
async def templates(postgres_url: str, template_database: str) -> AsyncIterator[Templates]:
    """Yield the templates of the session's databases."""
    async with AsyncExitStack() as stack:
        yield Templates(postgres_url, template_database, stack)


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    """Return the systems registered in ``database_url``: none, unless a module or class has its own fixture."""
    return ()


@pytest.fixture
async def database_url(
    postgres_url: str, templates: Templates, registered_systems: tuple[SystemDeclaration, ...]
) -> AsyncIterator[str]:
    """Yield the URL of a migrated database for one test, dropped afterwards."""
    async with temporary_database(postgres_url, await templates.name(registered_systems)) as name:
        yield on(postgres_url, name)


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """Yield the URL of a database without tables, dropped afterwards."""
    async with temporary_database(postgres_url) as name:
        yield on(postgres_url, name)


def on(server: str, database: str) -> str:
    """Return the URL of ``server`` with ``database`` as its path."""
    return re.sub(r"(?<=//)([^/?]*)/?[^?]*", rf"\1/{database}", server, count=1)


class temporary_database:  # noqa: N801 - used as a function, in `with`
    """A database that exists while the block runs."""

    def __init__(self, server: str, template: str = "template0") -> None:
        self._server, self._template = server, template
        self._name = f"hub_test_{uuid.uuid4().hex[:12]}"

    async def __aenter__(self) -> str:
        await self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", self._name, self._template)
        return self._name

    async def __aexit__(self, *_: object) -> None:
        await self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._name)

    async def _run(self, statement: str, *names: str) -> None:
        async with _connection(self._server) as connection:
            await connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


_KEPT: dict[str, AsyncConnection | None] = {}
"""The connection that is kept to a session's server, by its URL; None before it is needed."""


@contextmanager
def _kept_connection(server: str) -> Iterator[None]:
    """Let all databases of ``server`` be created and dropped over one connection, until the block ends.

    To open one each time takes a third of the time of a database.
    """
    _KEPT[server] = None
    try:
        yield
    finally:
        if connection := _KEPT.pop(server):
            # Not `close`, which has to be awaited where no loop runs any more.
            connection.pgconn.finish()


@asynccontextmanager
async def _connection(server: str) -> AsyncIterator[AsyncConnection]:
    """Yield a connection to ``server``: the one that is kept, or one that is closed afterwards."""
    if kept := _open_connection(server):
        yield kept
        return
    connection = await AsyncConnection.connect(server, autocommit=True)
    # Another one may have been opened meanwhile.
    if server in _KEPT and not _open_connection(server):
        _KEPT[server] = connection
        yield connection
        return
    async with connection:
        yield connection


def _open_connection(server: str) -> AsyncConnection | None:
    kept = _KEPT.get(server)
    return kept if kept and not kept.closed else None
