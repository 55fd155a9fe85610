"""The totals of complaints by month are those of the complaints, whatever is written, and for every viewer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.store.complaints import totals
from hub.store.database import Cause
from hub.store.queries.complaint_cells import COMPLAINT_GROUPS, Cell, count_cells, countable_complaints
from hub.store.tables import complaints
from hub.viewer import Viewer
from tests.schema.harness import Stage
from tests.schema.visibility_cases import VIEWERS

START = datetime(2025, 12, 31, 17, tzinfo=UTC)
"""Midnight in Jakarta, when a year begins."""
RANGES = [(0, 31), (0, 365), (5, 20), (20, 40), (20, 70), (31, 59), (15, 300)]
"""Days after ``START`` from which and before which complaints are counted."""
CAUSE = Cause("compare-totals", "worker", "1")
DIFFERING = "select * from differing_complaint_totals()"


async def change(stage: Stage, random: Random, tickets: list[str]) -> None:
    """Change one column of some complaints in one statement."""
    changes: list[tuple[str, list[Any]]] = [
        ("status", ["RECEIVED", "VERIFIED", "ASSIGNED", "REJECTED", "CLOSED"]),
        ("agency_code", ["DISHUB", "DINKES", None]),
        ("area_code", ["33.74", "33.11", None]),
        ("channel", ["WHATSAPP", "APP"]),
        ("secret", [True, False]),
        ("verified_at", [START, None]),
        ("received_at", [START + timedelta(hours=random.randrange(-24, 24 * 120)) for _ in range(9)]),
    ]
    column, values = random.choice(changes)
    some = random.sample(tickets, random.randrange(1, 6))
    await stage.run(
        f"update complaints set {column} = :value where ticket = any(:some)",
        value=random.choice(values),
        some=some,
    )


async def of_complaints(stage: Stage, viewer: Viewer, by: str, start: datetime, end: datetime) -> list[Cell]:
    """Return what the complaints themselves give."""
    group, month, at = COMPLAINT_GROUPS[by], COMPLAINT_GROUPS["month"], complaints.c.received_at
    counted = select(group, month, func.count()).where(countable_complaints(viewer), at >= start, at < end)
    async with stage.database.read() as db:
        found = await db.execute(counted.group_by(group, month).order_by(group, month))
        return [(name, when, n) for name, when, n in found]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.whole) for seed in range(1, 4))])
async def test_totals_follow_every_write(stage: Stage, seed: int) -> None:
    random = Random(seed)
    tickets = await stage.complaints("ASSIGNED", [{} for _ in range(12)])
    for step in range(40):
        await change(stage, random, tickets)
        if step % 8 == 0:
            await totals.merge(stage.database, CAUSE)
        assert await stage.rows(DIFFERING) == []
    for name, viewer in VIEWERS.items():
        for by in COMPLAINT_GROUPS:
            for days in RANGES:
                start, end = (START + timedelta(days=each) for each in days)
                async with stage.database.read() as db:
                    found = await count_cells(db, viewer, by, start, end)
                assert found == await of_complaints(stage, viewer, by, start, end), (name, by, days)


async def test_wrong_totals_are_corrected_and_parts_merged(stage: Stage) -> None:
    tickets = await stage.complaints("ASSIGNED", [{}, {}])
    await stage.run("update complaints set agency_code = null where ticket = :one", one=tickets[0])
    await totals.merge(stage.database, CAUSE)
    doubled: list[Any] = await stage.rows(
        "select 1 from complaint_totals group by by, month, value, agency_code, secret, public having count(*) > 1"
    )
    assert doubled == []
    assert await totals.correct(stage.database, CAUSE) == 0
    await stage.run("delete from complaint_totals where by = 'status'")
    await stage.run("update complaint_totals set complaints = 7 where by = 'channel'")
    assert await totals.correct(stage.database, CAUSE) > 0
    assert await stage.rows(DIFFERING) == []
