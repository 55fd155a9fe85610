"""One filled hub for all clients of a test process, and its servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clients.hub_server import Hub
from tests.conftest import on, temporary_database


@pytest.fixture(scope="session")
async def hub(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """A hub with the demo year and all records of its sandboxes."""
    async with temporary_database(postgres_url) as name:
        hub = Hub.of(tmp_path_factory.mktemp("hub"), on(postgres_url, name))
        await hub.fill()
        yield hub


@pytest.fixture(scope="session")
async def url(hub: Hub) -> AsyncIterator[str]:
    """The URL of ``hub serve``: the whole graph in one process."""
    async with hub.serve(graph={}) as urls:
        yield urls["graph"]
