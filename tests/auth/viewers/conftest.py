"""Two processes on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.auth.viewers.stage import Stage, staged


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """With a partner and an app registered."""
    async with staged(database_url) as stage:
        yield stage
