"""A database template with a partition for every system."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import pytest

from hub.connectors import registry
from hub.store.migrate import migrate
from hub.testing.running import all_connectors
from tests.conftest import on, temporary_database


@pytest.fixture(scope="session")
async def every_system(postgres_url: str, template_database: str, keys: Path) -> AsyncIterator[str]:
    """The name of a migrated database in which every connector is enabled."""
    async with temporary_database(postgres_url, template_database) as name:
        given: dict[str, str] = {}
        for kind in all_connectors().values():
            given |= registry.sandbox_variables(kind.name, "http://127.0.0.1:9", keys)
        with patch.dict(os.environ, given):
            connectors = [kind.declaration(kind.Settings()) for kind in all_connectors().values()]
        await migrate(on(postgres_url, name), connectors)
        yield name


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the keys that connectors and sandboxes share; to make one takes longer than a test."""
    return tmp_path_factory.mktemp("keys")
