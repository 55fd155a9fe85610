"""A hub with pages for each test, in a database for the module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.auth.pages.harness import Stage, staged
from tests.conftest import on, temporary_database


@pytest.fixture(scope="module")
async def pages_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The URL of this module's own database."""
    async with temporary_database(postgres_url, template_database) as name:
        yield on(postgres_url, name)


@pytest.fixture
async def stage(pages_url: str) -> AsyncIterator[Stage]:
    """A hub without users and clients."""
    async with staged(pages_url) as stage:
        await empty(stage)
        yield stage


async def empty(stage: Stage) -> None:
    """Delete all users, clients and sign-ins."""
    for table in ("clients", "users", "sessions", "sign_in_attempts"):
        await stage.run(f"delete from {table}")
