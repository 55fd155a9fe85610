"""A hub behind a real port whose feed is followed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.contract import SystemDeclaration
from tests.api.streams.harness import Place, placed
from tests.fake_connector import Fake, FakeSettings


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    async with placed(database_url) as place:
        yield place
