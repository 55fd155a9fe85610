"""Stages: one of a test's own, and one that the tests of a module read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import on, temporary_database
from tests.schema.stage import Stage, staged


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """Empty, and of this test's own."""
    async with staged(database_url) as stage:
        yield stage


@pytest.fixture(scope="module")
async def shared(postgres_url: str, template_database: str) -> AsyncIterator[Stage]:
    """Filled by a fixture of the module, and only read by its tests."""
    async with temporary_database(postgres_url, template_database) as name, staged(on(postgres_url, name)) as stage:
        yield stage
