"""Fixtures of a test class with a ``connector``: its sandbox while the class lasts, and what a full run yields."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.connectors.base import Page
from tests.connectors.running import Running, pages_of, running_sandbox


@pytest.fixture(scope="class")
async def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The sandbox of the class's ``connector``."""
    async with running_sandbox(request.cls.connector, tmp_path_factory.mktemp("keys")) as running:
        yield running


@pytest.fixture(scope="class")
async def pulled(running: Running) -> list[Page]:
    """The first pages of a full run."""
    async with running.connected(attempts=3) as connector:
        return await pages_of(connector, full=True)
