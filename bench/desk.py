"""The README's query through the graph, beside a hand-written function that asks the same of the same tables."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.setting import OFFICER, SEAL, SECRET
from hub.auth.purposes import Purpose
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.store.database import Database, counted
from hub.web import page
from hub.web.gate import ReadOnce

ROUNDS = 100
QUERY = (Path(page.__file__).with_name("static") / "examples" / "desk.graphql").read_text()

_COMPLAINTS = """
select c.*, a.name as agency_name, a.head_name, a.head_phone, r.sealed,
       coalesce(c.due_at < now() and c.status not in ('ANSWERED', 'CLOSED', 'REJECTED', 'RETURNED'), false) as overdue
from complaints c left join agencies a on a.code = c.agency_code left join reporters r on r.id = c.reporter_id
where c.status = 'IN_PROGRESS' and c.channel = 'WHATSAPP' order by c.received_at desc, c.id desc limit 21
"""
_COUNT = "select count(*) from complaints where status = 'IN_PROGRESS' and channel = 'WHATSAPP'"
_PAYMENTS = """
select ck.complaint_id, r.* from complaint_keys ck
join record_keys rk on rk.kind = 'payment' and rk.name = 'payment' and rk.value = ck.value
join records r on r.system = rk.system and r.id = rk.record_id
where ck.complaint_id = any(:ids) and ck.name = 'payment' and r.gone_at is null
"""
_REPORTS = """
select c.id as complaint_id, r.* from complaints c
join record_keys rk on rk.kind = 'report' and rk.name = 'ticket' and rk.value = c.ticket
join records r on r.system = rk.system and r.id = rk.record_id
where c.id = any(:ids) and r.gone_at is null
"""
_ORDERS = """
select code, o.* from unnest(cast(:codes as text[])) code cross join lateral (
    select r.* from record_keys rk join records r on r.system = rk.system and r.id = rk.record_id
    where rk.kind = 'order' and rk.name = 'agency' and rk.value = code and r.gone_at is null
    order by rk.occurred_at desc, rk.record_id desc limit 3) o
"""


async def measure(url: str) -> dict[str, Any]:
    """Median milliseconds of both, their ratio, and the statements each takes."""
    database = Database(url)
    built = schema(extensions=(ReadOnce,))

    async def through_the_graph() -> None:
        context = Context(database=database, viewer=OFFICER, seal=SEAL, secret=SECRET, purpose=Purpose.HANDLING)
        result = await built.execute(QUERY, context_value=context)
        assert not result.errors, result.errors
        orjson.dumps(result.data)

    async def by_hand() -> None:
        async with database.read() as db:
            orjson.dumps(await _by_hand(db), default=str)

    graph, hand = await _median(through_the_graph), await _median(by_hand)
    with counted() as noted:
        await through_the_graph()
    await database.close()
    return {
        "graph_ms": round(graph * 1000, 2),
        "by_hand_ms": round(hand * 1000, 2),
        "ratio": round(graph / hand, 2),
        "statements_graph": len(noted),
        "statements_by_hand": 6,
    }


async def _by_hand(db: AsyncConnection) -> dict[str, Any]:
    rows = [dict(row) for row in (await db.execute(text(_COMPLAINTS))).mappings()][:20]
    ids, codes = [row["id"] for row in rows], sorted({row["agency_code"] for row in rows})
    for row in rows:
        row["reporter"] = SEAL.open(row.pop("sealed"), f"reporters:{row['reporter_id']}")
    return {
        "complaints": rows,
        "total": await db.scalar(text(_COUNT)),
        "payments": [dict(row) for row in (await db.execute(text(_PAYMENTS), {"ids": ids})).mappings()],
        "reports": [dict(row) for row in (await db.execute(text(_REPORTS), {"ids": ids})).mappings()],
        "orders": [dict(row) for row in (await db.execute(text(_ORDERS), {"codes": codes})).mappings()],
        "systems": [dict(row) for row in (await db.execute(text("select * from systems"))).mappings()],
    }


async def _median(call: Callable[[], Awaitable[None]]) -> float:
    for _ in range(5):
        await call()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
