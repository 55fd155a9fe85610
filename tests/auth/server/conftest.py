"""An authorization server for the tests of a module; each test begins without users and clients."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.auth.server.harness import Stage, staged
from tests.conftest import on, temporary_database


@pytest.fixture(scope="module")
async def server_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The URL of this module's own database."""
    async with temporary_database(postgres_url, template_database) as name:
        yield on(postgres_url, name)


@pytest.fixture
async def stage(server_url: str) -> AsyncIterator[Stage]:
    """A server that has just started; its keys stay from test to test."""
    async with staged(server_url) as stage:
        for table in ("clients", "users", "seen_once", "revoked_tokens"):
            await stage.run(f"delete from {table}")
        yield stage
