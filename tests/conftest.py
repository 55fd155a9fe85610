"""What tests share: a PostgreSQL server per session, and a fresh, migrated database per test."""

from __future__ import annotations

import os
import re
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hub.process.embedded import THROWAWAY, Embedded

FIGURE = "figure"
TEST_SERVER = "HUB_TEST_DATABASE_URL"
"""Names a server where databases may be made, such as PostgreSQL 15; unset: a private one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL, so that these tests can be run on another version."""
    for item in items:
        if "postgres_url" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says a sentence of the test's figures, which stands at the end of the run, passed or not."""
    return partial(record_property, FIGURE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests told."""
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.stats.get(outcome, [])]
    told = [text for report in reports for name, text in report.user_properties if name == FIGURE]
    if told:
        terminalreporter.section("figures")
    for text in told:
        terminalreporter.write_line(str(text))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server on which this session may make databases."""
    if given := os.environ.get(TEST_SERVER):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hub-test-") as folder:
        server = Embedded(Path(folder), THROWAWAY)
        try:
            yield server.start()
        finally:
            server.destroy()


@pytest.fixture(scope="session")
async def template_database(postgres_url: str) -> AsyncIterator[str]:
    """The name of a migrated database without rows, which others are copied from."""
    from hub.store.migrate import migrate

    async with temporary_database(postgres_url) as name:
        await migrate(on(postgres_url, name))
        yield name


@pytest.fixture
async def database_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The URL of a migrated database of this test's own, dropped afterwards."""
    async with temporary_database(postgres_url, template_database) as name:
        yield on(postgres_url, name)


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database without tables, dropped afterwards."""
    async with temporary_database(postgres_url) as name:
        yield on(postgres_url, name)


def on(server: str, database: str) -> str:
    """``server`` with ``database`` as the path of its URL."""
    return re.sub(r"(?<=//)([^/?]*)/?[^?]*", rf"\1/{database}", server, count=1)


class temporary_database:
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
        async with await psycopg.AsyncConnection.connect(self._server, autocommit=True) as connection:
            await connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
