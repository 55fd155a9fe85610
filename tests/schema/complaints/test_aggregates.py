"""Aggregates compared with rows counted by hand: days and months of Jakarta; the public sees no small groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.calendar import JAKARTA
from hub.complaints.enums import Channel
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store.database import record_statements
from tests.fake_connector import order, payment
from tests.schema.harness import ANONYMOUS, CLERK, OFFICER, Stage

YEAR = '{start: "2026-01-01", end: "2026-12-31"}'


async def groups(stage: Stage, viewer: Any, by: str, range_: str = YEAR) -> dict[str | None, int | None]:
    """Return the counts of complaints by group."""
    rows = await stage.got(viewer, f"{{complaintTotals(groupBy: {by}, range: {range_}) {{group count}}}}")
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


async def test_a_range_includes_both_its_days_in_jakarta(filled: Stage) -> None:
    january = '{start: "2026-01-31", end: "2026-01-31"}'
    february = '{start: "2026-02-01", end: "2026-02-28"}'
    assert await groups(filled, OFFICER, "CHANNEL", january) == {"WHATSAPP": 5}
    assert await groups(filled, OFFICER, "CHANNEL", february) == {"WEB": 7}


async def test_an_officer_without_pii_scope_counts_no_secrets(filled: Stage) -> None:
    assert await groups(filled, CLERK, "MONTH") == {"2026-01": 5, "2026-02": 7}


async def test_the_public_sees_no_group_under_five(filled: Stage) -> None:
    assert await groups(filled, ANONYMOUS, "MONTH") == {"2026-01": 5, "2026-02": None}
    assert await groups(filled, ANONYMOUS, "STATUS") == {"ASSIGNED": 5, "VERIFIED": None}


WHOLE_MONTHS = [
    '{start: "2026-01-02", end: "2026-01-31"}',
    '{start: "2026-01-01", end: "2026-01-30"}',
    '{start: "2026-02-01", end: "2026-02-01"}',
]


@pytest.mark.parametrize("range_", WHOLE_MONTHS)
async def test_the_public_counts_whole_months_only(filled: Stage, range_: str) -> None:
    query = f"{{complaintTotals(groupBy: CHANNEL, range: {range_}) {{group count}}}}"
    answer = await filled.ask(ANONYMOUS, query, language="en")
    assert (answer.codes, "whole months" in answer.errors[0]["message"]) == (["BAD_INPUT"], True)
    assert (await filled.ask(OFFICER, query)).errors == []


async def at(stage: Stage, received: str, *each: tuple[Channel, int], status: str = "VERIFIED") -> None:
    """Submit complaints by each channel, all received at one time."""
    for channel, count in each:
        tickets = await stage.complaints(status, [{"channel": channel}] * count)
        await stage.run(
            "update complaints set received_at = :at where ticket = any(:tickets)",
            at=datetime.fromisoformat(received),
            tickets=tickets,
        )


async def test_no_difference_of_two_ranges_reveals_a_group_under_five(stage: Stage) -> None:
    await at(stage, "2026-01-15T00:00:00+00:00", (Channel.WEB, 7))
    await at(stage, "2026-02-15T00:00:00+00:00", (Channel.WEB, 3), (Channel.SMS, 6))
    january, both = [f'{{start: "2026-01-01", end: "2026-{last}"}}' for last in ("01-31", "02-28")]
    assert await groups(stage, OFFICER, "CHANNEL", both) == {"WEB": 10, "SMS": 6}
    assert await groups(stage, ANONYMOUS, "CHANNEL", january) == {"WEB": 7}
    # Of February's nine the SMS would leave three.
    assert await groups(stage, ANONYMOUS, "CHANNEL", both) == {"WEB": 7, "SMS": None}
    assert await groups(stage, ANONYMOUS, "MONTH", both) == {"2026-01": 7, "2026-02": 9}


async def test_what_is_hidden_of_a_month_is_five_or_more(stage: Stage) -> None:
    some = (Channel.WEB, 9), (Channel.SMS, 6), (Channel.X, 2), (Channel.GOJEK, 4)
    await at(stage, "2026-02-15T00:00:00+00:00", *some)
    february = '{start: "2026-02-01", end: "2026-02-28"}'
    assert await groups(stage, ANONYMOUS, "CHANNEL", february) == {"WEB": 9, "SMS": 6, "X": None, "GOJEK": None}


async def test_the_running_month_is_not_counted_for_the_public(stage: Stage) -> None:
    this = datetime.now(JAKARTA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = this - timedelta(days=1)
    await at(stage, this.isoformat(), (Channel.WEB, 6))
    await at(stage, before.isoformat(), (Channel.SMS, 6))
    end = (this + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    range_ = f'{{start: "{before:%Y-%m}-01", end: "{end:%Y-%m-%d}"}}'
    assert await groups(stage, OFFICER, "CHANNEL", range_) == {"WEB": 6, "SMS": 6}
    assert await groups(stage, ANONYMOUS, "CHANNEL", range_) == {"SMS": 6}
    data = await stage.got(ANONYMOUS, "{complaintTotals(groupBy: CHANNEL) {group count}}")
    assert data["complaintTotals"] == [{"group": "SMS", "count": 6}]


async def test_by_default_the_last_year_is_counted(stage: Stage) -> None:
    recent, old = await stage.complaints("VERIFIED", [{}] * 2)
    for ticket, days in ((recent, 364), (old, 367)):
        at = datetime.now(UTC) - timedelta(days=days)
        await stage.run("update complaints set received_at = :at where ticket = :ticket", at=at, ticket=ticket)
    data = await stage.got(OFFICER, "{complaintTotals(groupBy: CHANNEL) {count}}")
    assert data["complaintTotals"] == [{"count": 1}]


@pytest.fixture
async def records(stage: Stage) -> Stage:
    """Payments and orders whose sums can be checked by hand."""
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
    """Return counts and sums by group."""
    data = await stage.got(
        OFFICER, f"{{{field}(groupBy: {by}, range: {YEAR}) {{group count {money} {{amount currency}}}}}}"
    )
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


async def test_totals_of_payments_need_a_scope_and_of_orders_none(records: Stage) -> None:
    answer = await records.ask(ANONYMOUS, f"{{paymentTotals(groupBy: DAY, range: {YEAR}) {{count}}}}")
    assert (answer.data, answer.codes) == ({"paymentTotals": None}, ["FORBIDDEN"])
    data = await records.got(ANONYMOUS, f"{{orderTotals(groupBy: AGENCY, range: {YEAR}) {{count}}}}")
    assert sum(row["count"] for row in data["orderTotals"]) == 4


@pytest.mark.parametrize(
    "field", ["complaintTotals(groupBy: MONTH", "paymentTotals(groupBy: DAY", "orderTotals(groupBy: AGENCY"]
)
async def test_totals_are_one_statement(shared: Stage, field: str) -> None:
    context = Context(shared.database, OFFICER, shared.cipher, shared.settings.secret)
    with record_statements() as statements:
        async with context:
            result = await schema().execute(f"{{{field}) {{count}}}}", context_value=context)
    assert (result.errors, len(statements)) == (None, 1)


@pytest.mark.parametrize(
    "range_",
    [
        '{start: "2026-02-01", end: "2026-01-31"}',
        '{start: "2025-01-01", end: "2026-02-05"}',
        '{start: "0001-01-01", end: "0001-01-01"}',
        '{start: "9999-12-31", end: "9999-12-31"}',
    ],
    ids=["backwards", "too long", "before all time", "after all time"],
)
async def test_a_range_that_cannot_be_counted_is_bad_input(shared: Stage, range_: str) -> None:
    answer = await shared.ask(OFFICER, f"{{complaintTotals(groupBy: MONTH, range: {range_}) {{count}}}}", language="en")
    assert answer.codes == ["BAD_INPUT"]
    assert "400 days" in answer.errors[0]["message"]
