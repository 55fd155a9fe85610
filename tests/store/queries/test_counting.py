"""Counts: PostgreSQL knows how common a value is, and an index has what is counted in its order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.store.queries.entities import COMPLAINT
from hub.store.queries.pagination import count
from hub.store.queries.record_entities import ORDER, PAYMENT
from tests.fake_connector import payment
from tests.schema.harness import OFFICER, Stage, staged
from tests.store.ingest.test_quarantine import ingest

FILTERS: tuple[tuple[str, Any], ...] = (
    ("merchant", ("TRANSJATENG",)),
    ("status", ("SUCCESS",)),
    ("amount_min", 200),
    ("amount_max", 299),
)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with staged(database_url) as stage:
        yield stage


async def test_a_count_knows_how_common_a_value_is(stage: Stage) -> None:
    await ingest(stage, [payment(f"P{number}", amount=str(number)) for number in range(400)])
    await stage.run("select count_anew()")
    ((plan,),) = await stage.rows(
        "explain (format json) select from records where kind = 'payment' and body ->> 'merchant' = 'TRANSJATENG'"
    )
    assert plan[0]["Plan"]["Plan Rows"] == 400
    expected = (400, 400, 200, 100)
    async with stage.database.read() as db:
        for last, number in enumerate(expected, start=1):
            assert await count(db, PAYMENT, OFFICER, FILTERS[:last]) == number


def test_a_count_is_in_an_order_that_an_index_has() -> None:
    assert PAYMENT.counting_order([]) is PAYMENT.orders["OCCURRED_DESC"]
    assert PAYMENT.counting_order(["amount_min", "merchant"]) is PAYMENT.orders["AMOUNT_DESC"]
    assert PAYMENT.counting_order(["merchant", "status"]) is PAYMENT.orders["OCCURRED_DESC"]
    assert ORDER.counting_order(["by_agency", "amount_max"]) is ORDER.orders["AMOUNT_DESC"]
    assert COMPLAINT.counting_order(["agency", "search"]) is None
    assert COMPLAINT.counting_order(["by_payment"]) is None
