"""PostgreSQL reads no large table as a whole, and sorts no more than a page, for any filter and order of the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import tuple_row

from bench.growth import shapes
from bench.large import enlarge
from hub.store.queries import compiled, links, pagination
from hub.store.queries.compiled import Statements
from tests.schema.harness import Stage

Plan = Mapping[str, Any]

ROWS = 40_000
"""Complaints, and about as many records of each kind."""
MOST_SORTED = 2_500
"""Rows that one sort may have: a page and one more for each of fifty agencies."""
MOST_DISCARDED = 10_000
"""Rows that one scan may read in vain."""
COUNT_CAP = 500
"""Counts end here instead of at ten thousand: the rows are to this as those of a large database are to that."""
LARGE = ("complaints", "complaint_keys", "records", "record_keys", "counterparts")


@contextmanager
def explained() -> Iterator[list[Plan]]:
    """Yield a list that gets the plan of every statement that the block executes."""
    plans: list[Plan] = []
    execute = AsyncCursor.execute

    async def explain(self: Any, query: Any, *parameters: Any, **options: Any) -> Any:
        text = query if isinstance(query, bytes) else str(query).encode()
        if text.lstrip().lower().startswith((b"select", b"with")):
            async with type(self)(self.connection, row_factory=tuple_row) as cursor:
                await execute(cursor, b"explain (analyze, timing off, format json) " + text, *parameters)
                plans.extend(plan[0]["Plan"] for (plan,) in await cursor.fetchall())
        return await execute(self, query, *parameters, **options)

    with patch.object(AsyncCursor, "execute", explain):
        yield plans


def nodes(plan: Plan) -> Iterator[Plan]:
    """Yield the plan and all plans below it; ``soon``: a limit ends it after a small part of its rows."""
    yield plan
    for below in plan.get("Plans", ()):
        soon = plan["Node Type"] == "Limit" and below["Plan Rows"] > 10 * plan["Plan Rows"]
        yield from nodes({**below, "soon": soon})


def problems(plan: Plan) -> Iterator[str]:
    """Yield what a plan does that takes longer the more rows there are."""
    for node in nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith(LARGE) and not node.get("soon"):
            yield f"reads all of {node['Relation Name']}"
        discarded = node.get("Rows Removed by Filter", 0) * node.get("Actual Loops", 1)
        if discarded > MOST_DISCARDED:
            yield f"discards {discarded} rows of {node.get('Relation Name')}"
        if node["Node Type"] == "Sort" and max(each["Plan Rows"] for each in node["Plans"]) > MOST_SORTED:
            yield f"sorts {max(each['Plan Rows'] for each in node['Plans'])} rows by {node['Sort Key']}"


@pytest.mark.whole
@pytest.mark.timeout(300)
async def test_every_filter_and_order_has_an_index(filled: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    enlarge(filled.database.url, ROWS, {"fake": 3 * ROWS})
    agencies = [code for (code,) in await filled.rows("select code from agencies limit 50")]
    found = {}
    for module in (pagination, links):
        monkeypatch.setattr(module, "COUNT_CAP", COUNT_CAP)
    monkeypatch.setattr(compiled, "STATEMENTS", Statements())
    async with filled.database.read() as db:
        for shape in shapes(agencies):
            with explained() as plans:
                await shape.read(db)
            assert plans, f"{shape.name}: no statement was seen"
            if bad := sorted({each for plan in plans for each in problems(plan)}):
                found[shape.name] = bad
    assert found == {}


async def test_a_plan_that_grows_is_found(filled: Stage) -> None:
    async with await AsyncConnection.connect(filled.database.url) as db:
        await db.execute("set enable_indexscan = off; set enable_bitmapscan = off; set enable_indexonlyscan = off")
        row = await (await db.execute("explain (format json) select from complaints where id = 1")).fetchone()
    assert row is not None
    assert list(problems(row[0][0]["Plan"])) == ["reads all of complaints"]
