"""Agreement between OSS and the licensing app: both connectors and their sandboxes, with the hub between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.connectors.oss.connector import Oss
from hub.connectors.perizinan.connector import Perizinan
from hub.contract import Raw
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.sync.decisions import DecisionRun
from hub.sync.ingest import Ingest
from hub.testing.pulling import CIPHER
from hub.testing.running import Running, running_sandbox
from tests.conftest import on, temporary_database
from tests.connectors.oss.running_sandbox import TODAY

CAUSE = Cause("pull", "worker", "run-1")


@dataclass
class Hub:
    """A database with the records of one permit, and both running sandboxes."""

    database: Database
    oss: Running
    app: Running

    async def read(self, side: Running, external_id: str) -> Raw:
        """Store what a system has of a permit now."""
        async with side.connected() as connector:
            raw = await connector.fetch_one(external_id)
            assert raw
            async with self.database.write(CAUSE) as db:
                await Ingest(connector, CIPHER).store(db, [raw], datetime.now(UTC))
            return raw

    async def deliver(self, side: Running) -> dict[str, int]:
        """Send a system what it has to follow."""
        await self.rows("update decisions set due_at = now() returning 1")
        async with side.connected() as connector:
            run = DecisionRun(self.database, connector, CIPHER, timeout=30, max_attempts=20)
            return {outcome.value: count for outcome, count in (await run.run()).items()}

    async def state(self) -> tuple[Any, ...]:
        """State, cause and next step of the permit."""
        (row,) = await self.rows("select state, cause, next_step from matters")
        return row

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.write(CAUSE) as db:
            return [tuple(row) for row in await db.execute(text(statement))]


@pytest.fixture
async def hub(postgres_url: str, template_database: str, tmp_path: Path) -> AsyncIterator[Hub]:
    async with (
        running_sandbox(Oss, tmp_path, TODAY, size=60) as oss,
        running_sandbox(Perizinan, tmp_path, TODAY, size=60) as app,
        temporary_database(postgres_url, template_database) as name,
    ):
        for side in (oss, app):
            side.sandbox.act({"do": "trap", "on": False})
        await migrate.migrate(
            on(postgres_url, name), [side.connector.declaration(side.settings) for side in (oss, app)]
        )
        database = Database(on(postgres_url, name))
        yield Hub(database, oss, app)
        await database.close()


async def both_read(hub: Hub, permit_id: str) -> str:
    """Have the hub read a permit at both sides; return the id of its row."""
    row = hub.app.sandbox.store.with_permit(permit_id)  # type: ignore[attr-defined]
    await hub.read(hub.oss, permit_id)
    await hub.read(hub.app, f"{row.id}")
    return f"{row.id}"


async def test_the_app_follows_the_centre_after_an_outage(hub: Hub) -> None:
    permit_id = hub.oss.sandbox.act({"do": "approve"})["id_izin"]
    row_id = await both_read(hub, permit_id)
    assert await hub.state() == ("DIFFERS", "NOT_TOLD", "DELIVERY")
    async with hub.app.fault("down"):
        assert await hub.deliver(hub.app) == {"TRY_LATER": 1}
        assert await hub.state() == ("DIFFERS", "NOT_TAKEN", "DELIVERY")
    assert await hub.deliver(hub.app) == {"DONE": 1}
    assert await hub.state() == ("AGREED", None, None)
    row = await hub.read(hub.app, row_id)
    assert row["status"]["kode"] == "TERBIT"


async def test_the_app_cannot_change_what_the_centre_decides(hub: Hub) -> None:
    permit_id = hub.oss.sandbox.act({"do": "approve"})["id_izin"]
    row_id = await both_read(hub, permit_id)
    await hub.deliver(hub.app)
    for times, step in ((1, "DELIVERY"), (2, "PERSON")):
        hub.app.sandbox.act({"do": "status", "id_izin": permit_id, "kode": "DIBEKUKAN"})
        await hub.read(hub.app, row_id)
        assert await hub.state() == ("DIFFERS", "CHANGED_BACK", step), times
        assert await hub.deliver(hub.app) == ({"DONE": 1} if times == 1 else {})


async def test_a_row_that_was_changed_meanwhile_follows_next_time(hub: Hub) -> None:
    permit_id = hub.oss.sandbox.act({"do": "approve"})["id_izin"]
    await both_read(hub, permit_id)
    hub.app.sandbox.act({"do": "edit", "id_izin": permit_id, "nomor_izin": "503/2"})
    assert await hub.deliver(hub.app) == {"TRY_LATER": 1}
    assert await hub.deliver(hub.app) == {"DONE": 1}
    assert await hub.state() == ("AGREED", None, None)


async def test_a_permit_that_the_app_lacks_is_created(hub: Hub) -> None:
    permit_id = hub.oss.sandbox.act({"do": "approve"})["id_izin"]
    hub.app.sandbox.act({"do": "remove", "id_izin": permit_id})
    await hub.read(hub.oss, permit_id)
    await hub.rows("update systems set synced_at = now() returning 1")
    assert await hub.deliver(hub.app) == {"DONE": 1}
    assert await hub.state() == ("AGREED", None, None)
    assert hub.app.sandbox.figures()["created"] == 1


async def test_oss_follows_the_region_after_an_outage(hub: Hub) -> None:
    permit_id = hub.app.sandbox.act({"do": "status", "kode": "TERBIT"})["id_izin"]
    await both_read(hub, permit_id)
    assert await hub.state() == ("DIFFERS", "NOT_TOLD", "DELIVERY")
    async with hub.oss.fault("down"):
        assert await hub.deliver(hub.oss) == {"TRY_LATER": 1}
    async with hub.oss.fault("accept_then_hang", times=1):
        assert await hub.deliver(hub.oss) == {"NO_RESPONSE": 1}
    assert await hub.deliver(hub.oss) == {"DONE": 1}, "the number is still to be reported"
    assert await hub.state() == ("AGREED", None, None)
    found = await hub.read(hub.oss, permit_id)
    assert found["status"]["kd_status"] == "50"


async def test_a_decision_of_a_permit_of_the_centre_is_no_delivery(hub: Hub) -> None:
    """What the region's app says of a permit of the centre never reaches OSS."""
    permit_id = hub.oss.sandbox.act({"do": "approve"})["id_izin"]
    await both_read(hub, permit_id)
    assert await hub.deliver(hub.oss) == {}
