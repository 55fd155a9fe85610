"""A separate hub for OAuth clients: they submit complaints, and the filled hub must not change."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clients.hub_server import Hub
from tests.conftest import on, temporary_database


@pytest.fixture(scope="package")
async def plain_hub(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hub]:
    """A hub without users, clients and complaints."""
    async with temporary_database(postgres_url, template_database) as name:
        yield Hub.of(tmp_path_factory.mktemp("plain-hub"), on(postgres_url, name))


@pytest.fixture(scope="package")
async def plain_url(plain_hub: Hub) -> AsyncIterator[str]:
    """The URL of its ``hub serve``."""
    async with plain_hub.serve(graph={}) as urls:
        yield urls["graph"]
