"""The totals by day are those of the records, whatever is written, and for every viewer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import case, func, select

from hub.contract import Raw
from hub.store.database import Cause
from hub.store.ingest import totals
from hub.store.queries import aggregates
from hub.store.queries.entity import Entity
from hub.store.queries.record_entities import ORDER, PAYMENT
from hub.store.tables import records
from hub.viewer import Viewer
from tests.fake_connector import order, payment
from tests.schema.harness import Stage
from tests.schema.visibility_cases import VIEWERS
from tests.store.ingest.test_quarantine import ingest

START, END = datetime(2026, 5, 31, 17, tzinfo=UTC), datetime(2026, 6, 4, 17, tzinfo=UTC)
"""Midnights in Jakarta."""
GROUPS = [*((aggregates.payment_totals, by) for by in ("day", "merchant", "corridor"))]
GROUPS += [(aggregates.order_totals, by) for by in ("agency", "marketplace", "month", "supplier")]
CORRECT = Cause("compare-totals", "worker", "1")


def _item(random: Random, version: int) -> Raw:
    at = START + timedelta(minutes=random.randrange(-60, 4 * 24 * 60 + 60, 15))
    common: dict[str, Any] = {"version": version, "at": at.isoformat(), "amount": f"{random.randrange(9)}000.50"}
    if random.random() < 0.5:
        status, merchant = random.choice(["SUCCESS", "REFUNDED", "PENDING"]), random.choice(["TRANSJATENG", "LAIN"])
        return payment(
            f"P{random.randrange(9)}", merchant=merchant, status=status, corridor=f"K{version % 3}", **common
        )
    status, agency = random.choice(["COMPLETED", "CANCELLED", "?"]), random.choice(["DISHUB", "DINKES"])
    more = {"secret": random.random() < 0.3, "marketplace": random.choice(["pasar", "toko"])}
    return order(f"O{random.randrange(9)}", agency=agency, status=status, **more, **common)


async def _change(stage: Stage, random: Random, version: int) -> None:
    which = {"at": f"{random.choice('PO')}{random.randrange(9)}"}
    match random.randrange(6):
        case 0:
            await stage.run("update records set gone_at = now() where external_id = :at", **which)
        case 1:
            await stage.run("update records set gone_at = null where external_id = :at", **which)
        case 2:
            await stage.run("update records set occurred_at = 'infinity' where external_id = :at", **which)
        case _:
            items = {each["id"]: each for each in (_item(random, version) for _ in range(random.randrange(1, 9)))}
            await ingest(stage, list(items.values()))


async def _differing(stage: Stage) -> list[Any]:
    return await stage.rows("select * from differing_totals('2020-01-01', '2030-01-01')")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.whole) for seed in range(1, 4))])
async def test_totals_follow_every_write(stage: Stage, seed: int) -> None:
    random = Random(seed)
    for version in range(25):
        await _change(stage, random, version)
        assert await _differing(stage) == []
    assert await stage.rows("select 1 from record_totals where records < 0") == []
    for name, viewer in VIEWERS.items():
        for total, by in GROUPS:
            async with stage.database.read() as db:
                found = await total(db, viewer, by, START, END)
            assert found == await _of_records(stage, viewer, total, by), (name, by)


async def _of_records(stage: Stage, viewer: Viewer, total: Any, by: str) -> list[tuple[str | None, int, Decimal]]:
    """Return what the records themselves give."""
    entity: Entity
    entity, groups, counts = (
        (PAYMENT, aggregates._PAYMENTS_BY, ("SUCCESS", "CLOSED"))
        if total is aggregates.payment_totals
        else (ORDER, aggregates._ORDERS_BY, ("COMPLETED",))
    )
    value = func.coalesce(func.sum(case((records.c.status.in_(counts), records.c.amount), else_=0)), 0)
    at = records.c.occurred_at
    rows = select(groups[by], func.count(), value).where(entity.allowed(viewer), at >= START, at < END)
    async with stage.database.read() as db:
        found = await db.execute(rows.group_by(groups[by]).order_by(groups[by]))
        return [(name, n, Decimal(amount)) for name, n, amount in found]


async def test_wrong_totals_are_corrected(stage: Stage) -> None:
    await ingest(stage, [payment("P1", at="2026-06-01T00:00:00+00:00"), payment("P2", at="2026-08-01T00:00:00+00:00")])
    assert await totals.correct(stage.database, CORRECT) == 0
    await stage.run("update record_totals set records = 7 where day = '2026-06-01'")
    await stage.run("delete from record_totals where day = '2026-08-01'")
    await stage.run("insert into record_totals values ('payment', '2026-07-01', 'fake', 'SUCCESS', false, '{}', 1, 5)")
    assert await totals.correct(stage.database, CORRECT) == 3
    assert await _differing(stage) == []
    assert await totals.correct(stage.database, CORRECT) == 0


async def test_no_records_have_no_totals_to_correct(stage: Stage) -> None:
    assert await totals.correct(stage.database, CORRECT) == 0
