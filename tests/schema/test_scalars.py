"""Times, days and amounts: an invalid literal or variable is refused with an example of a valid one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.schema.scalars import SCALARS
from tests.schema.harness import OFFICER, Stage

TIMES = "query($v: DateTime) {complaints(filter: {receivedFrom: $v}) {totalCount}}"
DAYS = "query($v: Date!) {complaintTotals(groupBy: MONTH, range: {start: $v, end: $v}) {count}}"
AMOUNTS = "query($v: Decimal) {procurementOrders(filter: {valueMin: $v}) {totalCount edges {cursor}}}"
LONG = "1." + "1" * 20_000
"""More digits than a number of PostgreSQL has."""

NOT_READ = [
    *((TIMES, each, "DateTime") for each in ("yesterday", "2026", "2026-01-05", "2026-01-05T08:00:00", "", 5)),
    *((DAYS, each, "Date") for each in ("x", "2026-02-30", "2026-01-05T08:00:00Z", 20260105)),
    *((AMOUNTS, each, "Decimal") for each in ("x", "NaN", "sNaN", "-Infinity", "1e400000", "1e-400000", LONG, True)),
]
READ = [
    *((TIMES, each) for each in ("2026-01-05T08:00:00+07:00", "2026-01-05t01:00:00.123456z", "0001-01-01T00:00:00Z")),
    *((DAYS, each) for each in ("2026-01-05", "0001-01-02")),
    *((AMOUNTS, each) for each in ("4000.50", "-1", 4000, 0.5, "9999999999999999.99", "1e30")),
]


def literally(query: str, value: Any) -> str:
    """Return the query with the value as a literal."""
    literal = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return query[query.index("{") :].replace("$v", literal)


@pytest.mark.parametrize(("query", "value", "scalar"), NOT_READ)
async def test_what_is_none_is_refused_with_how_one_looks(shared: Stage, query: str, value: Any, scalar: str) -> None:
    variable = await shared.ask(OFFICER, query, v=value, language="en")
    for answer in (variable, await shared.ask(OFFICER, literally(query, value), language="en")):
        (code,) = set(answer.codes)
        assert code in ("BAD_INPUT", "GRAPHQL_VALIDATION_FAILED")
        assert all(f"This is no {scalar}. A" in error["message"] for error in answer.errors)


def test_no_amount_is_shown_with_an_exponent() -> None:
    shown = [SCALARS[Decimal].serialize(Decimal(each)) for each in ("4000.50", "1e30", "1e-7")]  # type: ignore[misc]
    assert shown == ["4000.50", "1" + "0" * 30, "0.0000001"]


@pytest.mark.parametrize(("query", "value"), READ)
async def test_what_is_one_is_read(shared: Stage, query: str, value: Any) -> None:
    for answer in (await shared.ask(OFFICER, query, v=value), await shared.ask(OFFICER, literally(query, value))):
        assert answer.errors == []
