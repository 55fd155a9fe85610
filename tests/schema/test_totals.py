"""Totals against rows counted by hand; days and months are those of Jakarta, and small groups are the public's not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.codes import Channel
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store.database import counted
from tests.fake import order, payment
from tests.schema.stage import ANONYMOUS, CLERK, OFFICER, Stage

YEAR = '{first: "2026-01-01", last: "2026-12-31"}'


async def groups(stage: Stage, viewer: Any, by: str, range_: str = YEAR) -> dict[str | None, int | None]:
    """Complaints counted by group."""
    rows = await stage.got(viewer, f"{{complaintTotals(by: {by}, range: {range_}) {{group count}}}}")
    return {row["group"]: row["count"] for row in rows["complaintTotals"]}


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """Complaints around the turn of a month in Jakarta, which is 17:00 UTC."""
    january = await shared.complaints("ASSIGNED", [{"channel": Channel.WHATSAPP}] * 5)
    february = await shared.complaints("VERIFIED", [{"channel": Channel.WEB}] * 4)
    secret = await shared.complaints("ASSIGNED", [{"channel": Channel.SMS, "secret": True}] * 6, agency="DINKES")
    unverified = await shared.complaints("RECEIVED", [{"channel": Channel.WEB}] * 3)
    for tickets, at in (
        (january, "2026-01-31T16:59:59+00:00"),
        (february, "2026-01-31T17:00:00+00:00"),
        (secret, "2026-03-15T00:00:00+00:00"),
        (unverified, "2026-02-28T16:59:59+00:00"),
    ):
        await shared.run(
            "update complaints set received_at = :at where ticket = any(:tickets)",
            at=datetime.fromisoformat(at),
            tickets=tickets,
        )
    return shared


async def test_complaints_are_counted_by_month_of_jakarta(filled: Stage) -> None:
    assert await groups(filled, OFFICER, "MONTH") == {"2026-01": 5, "2026-02": 7, "2026-03": 6}


async def test_complaints_are_counted_by_channel_status_and_agency(filled: Stage) -> None:
    assert await groups(filled, OFFICER, "CHANNEL") == {"WHATSAPP": 5, "WEB": 7, "SMS": 6}
    assert await groups(filled, OFFICER, "STATUS") == {"ASSIGNED": 11, "VERIFIED": 4, "RECEIVED": 3}
    assert await groups(filled, OFFICER, "AGENCY") == {"DISHUB": 5, "DINKES": 6, None: 7}


async def test_a_range_holds_both_its_days_in_jakarta(filled: Stage) -> None:
    january = '{first: "2026-01-31", last: "2026-01-31"}'
    february = '{first: "2026-02-01", last: "2026-02-28"}'
    assert await groups(filled, OFFICER, "CHANNEL", january) == {"WHATSAPP": 5}
    assert await groups(filled, OFFICER, "CHANNEL", february) == {"WEB": 7}


async def test_an_officer_without_personal_data_counts_no_secret_complaint(filled: Stage) -> None:
    assert await groups(filled, CLERK, "MONTH") == {"2026-01": 5, "2026-02": 7}


async def test_the_public_counts_what_it_sees_and_is_told_no_group_under_five(filled: Stage) -> None:
    assert await groups(filled, ANONYMOUS, "MONTH") == {"2026-01": 5, "2026-02": None}
    assert await groups(filled, ANONYMOUS, "STATUS") == {"ASSIGNED": 5, "VERIFIED": None}


async def test_by_default_the_last_year_is_counted(stage: Stage) -> None:
    recent, old = await stage.complaints("VERIFIED", [{}] * 2)
    for ticket, days in ((recent, 364), (old, 367)):
        at = datetime.now(UTC) - timedelta(days=days)
        await stage.run("update complaints set received_at = :at where ticket = :ticket", at=at, ticket=ticket)
    data = await stage.got(OFFICER, "{complaintTotals(by: CHANNEL) {count}}")
    assert data["complaintTotals"] == [{"count": 1}]


@pytest.fixture
async def records(stage: Stage) -> Stage:
    """Payments and orders with sums that can be checked by hand."""
    await stage.records(
        payment("P1", at="2026-01-01T16:59:59+00:00", amount="4000.50"),
        payment("P2", at="2026-01-01T17:00:00+00:00", amount="3000"),
        payment("P3", at="2026-01-02T00:00:00+00:00", amount="1", status="CLOSED", corridor="K2"),
        payment("P4", at="2026-01-02T00:00:00+00:00", amount="99", status="REFUNDED"),
        payment("P5", at="2026-01-02T00:00:00+00:00", amount="7", merchant="BAPENDA", corridor=None, paid_for="TAX"),
        payment("P6", at="2026-01-02T00:00:00+00:00", amount="50", status="ANEH"),
        order("O1", amount="1000", at="2026-01-02T00:00:00+00:00"),
        order("O2", amount="0.25", at="2026-01-02T00:00:00+00:00"),
        order("O3", amount="500", at="2026-01-02T00:00:00+00:00", status="FAILED"),
        order("O4", amount="10", at="2026-01-02T00:00:00+00:00", agency="DINKES", marketplace="lapak"),
    )
    return stage


async def valued(stage: Stage, field: str, by: str, money: str) -> dict[str | None, tuple[int, str]]:
    """Counts and sums by group."""
    data = await stage.got(OFFICER, f"{{{field}(by: {by}, range: {YEAR}) {{group count {money} {{amount currency}}}}}}")
    assert {row[money]["currency"] for row in data[field]} == {"IDR"}
    return {row["group"]: (row["count"], row[money]["amount"]) for row in data[field]}


async def test_payments_are_counted_and_what_stayed_paid_adds_up(records: Stage) -> None:
    assert await valued(records, "paymentTotals", "DAY", "amount") == {
        "2026-01-01": (1, "4000.50"),
        "2026-01-02": (5, "3008.00"),
    }
    assert await valued(records, "paymentTotals", "MERCHANT", "amount") == {
        "TRANSJATENG": (5, "7001.50"),
        "BAPENDA": (1, "7.00"),
    }
    assert await valued(records, "paymentTotals", "CORRIDOR", "amount") == {
        "K1": (4, "7000.50"),
        "K2": (1, "1.00"),
        None: (1, "7.00"),
    }


async def test_orders_are_counted_and_completed_ones_add_up(records: Stage) -> None:
    assert await valued(records, "orderTotals", "AGENCY", "value") == {"DISHUB": (3, "1000.25"), "DINKES": (1, "10.00")}
    assert await valued(records, "orderTotals", "MARKETPLACE", "value") == {
        "pasar": (3, "1000.25"),
        "lapak": (1, "10.00"),
    }


async def test_totals_of_payments_need_their_scope_and_those_of_orders_none(records: Stage) -> None:
    answer = await records.ask(ANONYMOUS, f"{{paymentTotals(by: DAY, range: {YEAR}) {{count}}}}")
    assert (answer.data, answer.codes) == ({"paymentTotals": None}, ["FORBIDDEN"])
    data = await records.got(ANONYMOUS, f"{{orderTotals(by: AGENCY, range: {YEAR}) {{count}}}}")
    assert sum(row["count"] for row in data["orderTotals"]) == 4


@pytest.mark.parametrize("field", ["complaintTotals(by: MONTH", "paymentTotals(by: DAY", "orderTotals(by: AGENCY"])
async def test_totals_are_one_statement(shared: Stage, field: str) -> None:
    context = Context(shared.database, OFFICER, shared.seal, shared.settings.secret)
    with counted() as statements:
        result = await schema().execute(f"{{{field}) {{count}}}}", context_value=context)
    assert (result.errors, len(statements)) == (None, 1)


@pytest.mark.parametrize(
    "range_",
    [
        '{first: "2026-02-01", last: "2026-01-31"}',
        '{first: "2025-01-01", last: "2026-02-05"}',
        '{first: "0001-01-01", last: "0001-01-01"}',
        '{first: "9999-12-31", last: "9999-12-31"}',
    ],
    ids=["backwards", "too long", "before all time", "after all time"],
)
async def test_a_range_that_cannot_be_counted_is_bad_input(shared: Stage, range_: str) -> None:
    answer = await shared.ask(OFFICER, f"{{complaintTotals(by: MONTH, range: {range_}) {{count}}}}")
    assert answer.codes == ["BAD_INPUT"]
    assert "400 days" in answer.errors[0]["message"]
