"""Fixtures of a test class with a ``connector``: its running sandbox, the pages it yields, and a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from hub.contract import Page
from hub.store.database import Database
from hub.testing.databases import Templates, on, postgres_url, template_database, templates, temporary_database
from hub.testing.pulling import MAX_PAGES, PulledDatabase
from hub.testing.registers import RunningRegister, regular
from hub.testing.running import Running, pages_of, running_sandbox

__all__ = ["postgres_url", "template_database", "templates"]


@pytest.fixture(scope="class")
async def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Yield the running sandbox of the class's ``connector``."""
    async with running_sandbox(request.cls.connector, tmp_path_factory.mktemp("keys")) as running:
        yield running


@pytest.fixture(scope="class")
async def pulled(running: Running) -> list[Page]:
    """Return the first pages of a full run."""
    async with running.connected(attempts=3) as connector:
        return await pages_of(connector, full=True)


@pytest.fixture(scope="class")
async def first_pages(running: Running) -> list[Page]:
    """Return the first pages of a full run, as many as a pull reads here."""
    async with running.connected(attempts=3) as connector:
        return await pages_of(connector, full=True, most=MAX_PAGES)


@pytest.fixture(scope="class")
async def register(running: Running) -> AsyncIterator[RunningRegister]:
    """Yield the register of the class's ``connector``, and its sandbox without irregularities."""
    declared = running.connector.declaration(running.settings).register
    if declared is None:
        pytest.skip("it is no register")
    with regular(running):
        # A row that is an irregularity, such as a copy, is not there now.
        async with running.connected(attempts=3) as connector:
            pages = await pages_of(connector, full=True)
        yield RunningRegister(running, declared, pages)


@pytest.fixture
async def kept(
    running: Running, postgres_url: str, templates: Templates, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PulledDatabase]:
    """Yield a migrated, empty database with the partition of the class's ``connector``."""
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    template = await templates.name((running.connector.declaration(running.settings),))
    async with temporary_database(postgres_url, template) as name:
        database = Database(on(postgres_url, name))
        yield PulledDatabase(running, database, datetime.now(UTC))
        await database.close()
