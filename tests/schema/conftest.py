"""Stages: one for a single test, and one that the tests of a module share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from unittest.mock import patch

import pytest

from hub.store import migrate
from hub.store.queries import compiled
from tests.conftest import on, temporary_database
from tests.fake_connector import Fake, FakeSettings
from tests.schema.harness import Stage, opened


@pytest.fixture(scope="session", autouse=True)
def all_statements_kept() -> Iterator[None]:
    """Keep every compiled statement: the matrices of viewers need more of them than a hub, in turn."""
    with patch.object(compiled, "STATEMENTS", compiled.Statements(10_000)):
        yield


@pytest.fixture(scope="session")
async def stage_database(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The name of a migrated database with the fake system, which other databases are copied from."""
    async with temporary_database(postgres_url, template_database) as name:
        await migrate.migrate(on(postgres_url, name), [Fake.declaration(FakeSettings())])
        yield name


@pytest.fixture
async def stage(postgres_url: str, stage_database: str) -> AsyncIterator[Stage]:
    """An empty stage for one test."""
    async with temporary_database(postgres_url, stage_database) as name, opened(on(postgres_url, name)) as stage:
        yield stage


@pytest.fixture(scope="module")
async def shared(postgres_url: str, stage_database: str) -> AsyncIterator[Stage]:
    """A stage that a fixture of the module fills and its tests only read."""
    async with temporary_database(postgres_url, stage_database) as name, opened(on(postgres_url, name)) as stage:
        yield stage
