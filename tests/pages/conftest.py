"""A hub with complaints, used through its pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hub.complaints.calendar import JAKARTA
from hub.complaints.enums import Channel
from tests.schema.conftest import shared as shared
from tests.schema.conftest import stage as stage
from tests.schema.conftest import stage_database as stage_database
from tests.schema.harness import Stage

NOW = datetime.now(UTC)
LAST_MONTH = (NOW.astimezone(JAKARTA).replace(day=1, hour=12) - timedelta(days=5)).astimezone(UTC)


@pytest.fixture(scope="module")
async def browser(shared: Stage) -> httpx.AsyncClient:
    """Last month: ten complaints to one agency, nine of them answered; three to another one by another channel."""
    many = await shared.complaints("ASSIGNED", [{"channel": Channel.WEB}] * 10)
    few = await shared.complaints("ASSIGNED", [{"channel": Channel.SMS}] * 3, agency="DINSOS")
    change = (
        "update complaints set received_at = :at, answered_at = :answered, due_at = :due where ticket = any(:tickets)"
    )
    times = {"at": LAST_MONTH, "due": LAST_MONTH + timedelta(days=3)}
    await shared.run(change, **times, answered=LAST_MONTH + timedelta(days=2), tickets=many[1:])
    await shared.run(change, **times, answered=None, tickets=[many[0], *few])
    return await shared.client()


@pytest.fixture
async def citizen(stage: Stage) -> httpx.AsyncClient:
    return await stage.client()
