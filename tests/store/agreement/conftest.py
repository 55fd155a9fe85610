"""A hub between two registers, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.store import migrate
from hub.store.database import Database
from tests.conftest import on, temporary_database
from tests.fake_connector import Fake, FakeSettings
from tests.registers import Both, Centre, NoSettings, Region, at, permit


@pytest.fixture(scope="session")
async def registers_database(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The name of a migrated database with both registers and a system of reports, which others are copied from."""
    async with temporary_database(postgres_url, template_database) as name:
        declared = [each.declaration(NoSettings()) for each in (Centre, Region)]
        declared.append(Fake.declaration(FakeSettings()))
        await migrate.migrate(on(postgres_url, name), declared)
        yield name


@pytest.fixture
async def both(postgres_url: str, registers_database: str) -> AsyncIterator[Both]:
    """Both registers, empty."""
    async with temporary_database(postgres_url, registers_database) as name:
        database = Database(on(postgres_url, name))
        yield Both(database)
        await database.close()


@pytest.fixture
async def decided(both: Both) -> Both:
    """The centre has approved a permit that it decides, and the region has not followed."""
    await both.bring(Region, permit("7", "I-1", authority="CENTRE"))
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE"))
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE", status="APPROVAL", since=at(3), changed=at(3)))
    return both
