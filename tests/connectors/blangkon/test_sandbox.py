"""The sandbox of the order feed: its data, and its refusals."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from hub.complaints.agencies import AGENCIES
from hub.connectors.base import Connector
from hub.connectors.blangkon.connector import PATH, Blangkon, BlangkonSettings, years_at
from hub.connectors.blangkon.mapping import to_record
from hub.connectors.blangkon.sandbox.orders import Orders
from hub.contract import Record
from hub.demo.world import DemoWorld, complaints
from hub.errors import ConfigurationError
from hub.kinds import Order
from hub.testing.running import Running

TODAY = datetime.now(ZoneInfo("Asia/Jakarta")).date()
LAST_YEAR, THIS_YEAR = years_at(datetime.now(UTC))


def bearer(running: Running) -> dict[str, str]:
    assert isinstance(running.settings, BlangkonSettings)
    return {"Authorization": f"Bearer {running.settings.token.get_secret_value()}"}


def order_of(record: Record) -> Order:
    assert isinstance(record.facts, Order)
    return record.facts


class TestSandboxData:
    """5,000 orders of a year, the same in every process."""

    def test_five_thousand_orders_of_the_year_that_ends_today(self) -> None:
        rows = [row for feed in Orders(DemoWorld(TODAY), "D999").feeds.values() for _, row in feed.rows]
        assert len({row["order_id"] for row in rows}) == 5_000
        times = [to_record(row).occurred_at for row in rows]
        assert max(times) <= datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=ZoneInfo("Asia/Jakarta"))
        assert {str(time.year) for time in times} <= {LAST_YEAR, THIS_YEAR}

    def test_the_same_day_yields_the_same_rows(self) -> None:
        assert Orders(DemoWorld(TODAY), "D999").feeds == Orders(DemoWorld(TODAY), "D999").feeds

    def test_every_agency_has_several_and_cited_orders_are_there(self) -> None:
        rows = [row for feed in Orders(DemoWorld(TODAY), "D999").feeds.values() for _, row in feed.rows]
        records = {row["order_id"]: to_record(row) for row in rows}
        orders = Counter(order_of(record).agency_code for record in records.values())
        assert all(orders[agency.code] >= 4 for agency in AGENCIES if agency.valid_to is None)
        cited = [found.order for found in complaints(TODAY) if found.order]
        assert cited
        assert all(order.order_id in records for order in cited)

    def test_the_dirt_is_there_and_not_too_much(self) -> None:
        rows = [row for feed in Orders(DemoWorld(TODAY), "D999").feeds.values() for _, row in feed.rows]
        records = [to_record(row) for row in rows]
        assert 40 < len(rows) - 5_000 < 200, "orders listed twice"
        assert 100 < sum(row["kd_satker"] == "" for row in rows) < 500
        assert 1_000 < sum("nama_merchant" in row for row in rows) < 2_500
        assert 1 <= sum(record.unknown is not None for record in records) < 40
        assert 1 <= sum(order_of(record).agency_code is None for record in records) < 40
        assert all(0 < record.amount <= 50_000_000 for record in records if record.amount is not None)
        assert {order_of(record).marketplace for record in records} == {"GratisOngkir", "mbiz market", "Tisera"}


class TestContract:
    """The refusals of the sandbox (contract blangkon#errors)."""

    connector: ClassVar[type[Connector]] = Blangkon

    async def test_without_a_token(self, running: Running) -> None:
        answer = await running.control.get(PATH, params={"kode_klpd": "D999", "tahun": "2026"})
        assert (answer.status_code, answer.json()) == (401, {"error": "Authorization field missing"})
        assert answer.headers["X-Contract-Status"] == "assumed"

    @pytest.mark.parametrize(
        ("params", "status"),
        [
            ({"tahun": "2026"}, 400),
            ({"kode_klpd": "D999"}, 400),
            ({"kode_klpd": "D1", "tahun": "2026"}, 403),
            ({"kode_klpd": "D999", "tahun": "26"}, 400),
            ({"kode_klpd": "D999", "tahun": "2026", "limit": "0"}, 400),
            ({"kode_klpd": "D999", "tahun": "2026", "limit": "1001"}, 400),
            ({"kode_klpd": "D999", "tahun": "2026", "cursor": "made-up"}, 400),
        ],
    )
    async def test_wrong_parameters(self, running: Running, params: dict[str, str], status: int) -> None:
        answer = await running.control.get(PATH, params=params, headers=bearer(running))
        assert answer.status_code == status
        assert answer.json()["success"] is False

    async def test_ten_rows_by_default_and_the_budget_in_a_header(self, running: Running) -> None:
        params = {"kode_klpd": "D999", "tahun": THIS_YEAR}
        answer = await running.control.get(PATH, params=params, headers=bearer(running))
        assert len(answer.json()["data"]) == 10
        assert answer.json()["meta"]["has_more"] is True
        assert int(answer.headers["X-RateLimit-Remaining"]) < int(answer.headers["X-RateLimit-Limit"])

    async def test_a_year_without_orders_has_null_for_rows(self, running: Running) -> None:
        params = {"kode_klpd": "D999", "tahun": "2011"}
        body = (await running.control.get(PATH, params=params, headers=bearer(running))).json()
        assert (body["data"], body["meta"]["cursor"], body["meta"]["has_more"]) == (None, None, False)

    async def test_an_institution_that_is_not_ours_stops(self, running: Running) -> None:
        other = running.settings.model_copy(update={"klpd": "D1"})
        async with running.connected(other) as connector:
            with pytest.raises(ConfigurationError, match="403"):
                await connector.probe()
