"""The pull of the licensing app: cursor, look-up, and the nightly upkeep, which is no outage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from hub.connectors.perizinan.client import PATH, upkeep_left
from hub.connectors.perizinan.mapping import JAKARTA, to_record
from hub.errors import Maintenance, TryLater
from hub.testing.running import Running, pages_of
from tests.connectors.perizinan.app_calls import client_of, running_app


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running_app(Path(tmp_path_factory.mktemp("keys"))) as running:
        yield running


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, second, tzinfo=JAKARTA).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (at(1, 59, 59), None),
        (at(2, 0), 1200.0),
        (at(2, 19, 59), 1.0),
        (at(2, 20), None),
        (at(14, 5), None),
    ],
)
def test_upkeep_is_from_two_to_twenty_past(now: datetime, left: float | None) -> None:
    assert upkeep_left(now) == left


async def closed(app: Running, now: datetime) -> TryLater:
    """The error of a call during the app's upkeep, when the hub's clock shows ``now``."""
    with patch.object(app.sandbox, "_clock", lambda: at(2, 5)):
        app.sandbox.act({"do": "trap", "name": "upkeep", "on": True})
        async with client_of(app, now) as client:
            with pytest.raises(TryLater) as raised:
                await client.listing(None, None)
        app.sandbox.act({"do": "trap", "name": "upkeep", "on": False})
    return raised.value


async def test_the_notice_at_night_is_upkeep_with_its_end(app: Running) -> None:
    error = await closed(app, at(2, 5))
    assert isinstance(error, Maintenance)
    assert error.after == 900.0


async def test_the_same_notice_at_noon_is_an_outage(app: Running) -> None:
    assert not isinstance(await closed(app, at(12, 0)), Maintenance)


async def test_a_failure_without_a_page_at_night_is_an_outage(app: Running) -> None:
    async with app.fault("server_error", value=503), client_of(app, at(2, 5)) as client:
        with pytest.raises(TryLater) as raised:
            await client.listing(None, None)
    assert not isinstance(raised.value, Maintenance)


async def test_a_second_run_reads_only_what_changed_since(app: Running) -> None:
    async with app.connected() as connector:
        pages = await pages_of(connector, full=True)
        rows = [row for page in pages for row in page.items]
        cursor = pages[-1].cursor
        since = datetime.fromisoformat(cursor["diubah_sejak"])
        again = [row for page in await pages_of(connector, cursor) for row in page.items]
    assert len(rows) > 80
    expected = [row["id"] for row in rows if to_record(row).updated_at >= since]
    assert [row["id"] for row in again] == expected
    assert len(expected) < len(rows)


async def test_rows_are_looked_up_by_id_and_by_permit(app: Running) -> None:
    async with app.connected() as connector, client_of(app) as client:
        (page,) = await pages_of(connector, full=True, most=1)
        row = next(row for row in page.items if row["id_izin"])
        assert await connector.fetch_one(str(row["id"])) == row
        assert await connector.fetch_one("1") is None
        assert await client.rows_of_permit(row["id_izin"].strip()) == [row]
        assert await client.rows_of_permit("I-0") == []


async def test_an_id_cannot_lead_to_another_path(app: Running) -> None:
    async with client_of(app) as client:
        assert await client.row("../1?x=1") is None
    assert app.sandbox.calls[f"GET {PATH}/../1?x=1"] == 1
