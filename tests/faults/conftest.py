"""A database that has a place for every system there is, to copy from."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from hub.store.migrate import migrate
from tests.conftest import on, temporary_database
from tests.connectors.running import found
from tests.worlds import small_worlds


@pytest.fixture(scope="session")
async def every_system(postgres_url: str, template_database: str, keys: Path) -> AsyncIterator[str]:
    """The name of a migrated database in which every connector is enabled."""
    async with temporary_database(postgres_url, template_database) as name:
        given = {}
        for kind in found().values():
            given |= kind.sandbox_settings("http://127.0.0.1:9", keys)
        with patch.dict(os.environ, given):
            connectors = [(kind, kind.Settings()) for kind in found().values()]
        await migrate(on(postgres_url, name), connectors)
        yield name


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where connectors and sandboxes keep the keys they share; making one takes longer than a test."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """Every sandbox holds a hundred things."""
    with small_worlds(100):
        yield
