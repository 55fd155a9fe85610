"""One filled hub for all outside clients of a test process, and its servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clients import CLIENTS
from tests.clients.running import Hub
from tests.conftest import on, temporary_database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs the filled hub in one test process, where test processes share by groups."""
    for item in items:
        if "hub" in getattr(item, "fixturenames", ()) and item.path.is_relative_to(CLIENTS):
            item.add_marker(pytest.mark.xdist_group("hub"))


@pytest.fixture(scope="session")
async def hub(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """A hub with the demo year and everything its sandboxes tell."""
    async with temporary_database(postgres_url) as name:
        hub = Hub.of(tmp_path_factory.mktemp("hub"), on(postgres_url, name))
        await hub.fill()
        yield hub


@pytest.fixture(scope="session")
async def url(hub: Hub) -> AsyncIterator[str]:
    """The URL of ``hub serve``: the whole graph in one process."""
    async with hub.serve(graph={}) as urls:
        yield urls["graph"]
