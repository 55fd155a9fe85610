"""Times every list, count and link that the graph offers on two data sets: ``python -m bench.growth SMALL LARGE``.

``SMALL`` and ``LARGE`` are folders, which ``bench.large`` fills if they are new: the measurements' year, and what grows
from it. A statement's time is the median of some calls through the driver, without the graph and HTTP.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bench.large import fill
from bench.setting import OFFICER
from hub.complaints.calendar import JAKARTA
from hub.store.database import Database
from hub.store.queries import aggregates, entities, links, pagination, record_entities
from hub.store.queries.entity import Entity
from hub.store.queries.pagination import PageRequest

ENTITIES = (
    entities.COMPLAINT,
    record_entities.REPORT,
    record_entities.PAYMENT,
    record_entities.ORDER,
    record_entities.PERMIT,
)
TODAY = datetime.now(JAKARTA).replace(hour=0, minute=0, second=0, microsecond=0)
VALUES: dict[str, Any] = {
    **dict.fromkeys(("received_from", "occurred_from"), TODAY - timedelta(days=90)),
    **dict.fromkeys(("received_to", "occurred_to"), TODAY - timedelta(days=30)),
    **dict.fromkeys(("overdue", "conflict", "claimed"), True),
    "amount_min": Decimal(5000),
    "amount_max": Decimal(3000),
    "search": "bus",
    "klass": ("COMPLAINT",),
    "channel": ("WHATSAPP",),
    "category": ("TRANSPORT",),
    "agency": ("DISHUB",),
    "agency_code": ("DISHUB",),
    "by_agency": ("DISHUB",),
    "area": ("33.74",),
    "area_code": ("33.74",),
    "by_area": ("33.74",),
    "merchant": ("TRANSJATENG",),
    "corridor": ("K2",),
    "paid_for": ("FARE",),
    "marketplace": ("mbiz market",),
    "system": ("gopay",),
    "sector": ("COOPERATIVES",),
    "authority": ("PROVINCE",),
}
STATUS = {"Complaint": "IN_PROGRESS", "CentralReport": "IN_PROGRESS", "Payment": "SUCCESS"}

Read = Callable[[AsyncConnection], Awaitable[Any]]


@dataclass(frozen=True)
class Shape:
    """One statement to time."""

    name: str
    read: Read


def shapes(agencies: list[str]) -> Iterator[Shape]:
    """Yield every list with each filter and order, its count, the links of agencies, and the totals."""
    for entity in ENTITIES:
        for name in ("", *entity.filters):
            where = ((name, _value(entity, name)),) if name else ()
            for order in entity.orders:
                request = PageRequest(20, order=order, where=where)
                yield Shape(f"{entity.name} {name or 'all'} {order}", partial(_page, entity, request))
            yield Shape(f"{entity.name} {name or 'all'} count", partial(_count, entity, where))
    refs = [("hub", code) for code in agencies]
    for target in (entities.COMPLAINT, record_entities.REPORT, record_entities.ORDER):
        link = links.EntityLink(entities.AGENCY, target, ("agency",))
        for order in target.orders:
            yield Shape(f"{len(refs)} agencies' {target.name} {order}", partial(_links, link, refs, order))
        yield Shape(f"{len(refs)} agencies' {target.name} count", partial(_link_counts, link, refs))
    for days in (31, 366):
        for by in ("day", "merchant", "corridor"):
            yield Shape(f"payments by {by}, {days} days", partial(_totals, aggregates.payment_totals, by, days))
        for by in ("agency", "marketplace"):
            yield Shape(f"orders by {by}, {days} days", partial(_totals, aggregates.order_totals, by, days))
        for by in ("month", "channel", "status", "agency"):
            yield Shape(f"complaints by {by}, {days} days", partial(_totals, aggregates.complaint_totals, by, days))


def _value(entity: Entity, name: str) -> Any:
    if name == "status":
        return (STATUS.get(entity.name, "COMPLETED"),)
    return VALUES.get(name, ("LG-2026-000100",))


async def _page(entity: Entity, request: PageRequest, db: AsyncConnection) -> Any:
    return await pagination.page(db, entity, OFFICER, request)


async def _count(entity: Entity, where: Any, db: AsyncConnection) -> Any:
    return await pagination.count(db, entity, OFFICER, where)


async def _links(link: links.EntityLink, refs: Any, order: str, db: AsyncConnection) -> Any:
    return await links.linked(db, OFFICER, refs, link, PageRequest(20, order=order))


async def _link_counts(link: links.EntityLink, refs: Any, db: AsyncConnection) -> Any:
    return await links.linked_counts(db, OFFICER, refs, link, ())


async def _totals(total: Any, by: str, days: int, db: AsyncConnection) -> Any:
    return await total(db, OFFICER, by, TODAY - timedelta(days=days), TODAY)


async def timed(url: str, calls: int) -> dict[str, float]:
    """Return the median milliseconds of each shape."""
    database = Database(url, pool_size=1)
    found = {}
    async with database.read() as db:
        rows = await pagination.page(db, entities.AGENCY, OFFICER, PageRequest(50))
        for shape in shapes([row["_ref"] for row in rows.rows]):
            times = []
            for _ in range(calls):
                began = time.perf_counter()
                await shape.read(db)
                times.append((time.perf_counter() - began) * 1000)
                if times[-1] > 2000:
                    break
            found[shape.name] = statistics.median(times)
    await database.close()
    return found


async def compare(small: Path, large: Path, share: float, calls: int) -> None:
    """Print the times of both, those that grew most first."""
    found = []
    for folder, part in ((small, 0.0), (large, share)):
        server, url = await fill(folder, part)
        try:
            found.append(await timed(url, calls))
        finally:
            server.stop()
    before, after = found
    for name in sorted(after, key=lambda each: -after[each] / before[each]):
        sys.stdout.write(f"{name:52} {before[name]:9.1f} {after[name]:9.1f} ms  × {after[name] / before[name]:.1f}\n")


def main() -> None:
    """Compare two data sets."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("small", type=Path)
    parser.add_argument("large", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="of the full number of rows in the large one")
    parser.add_argument("--calls", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(compare(options.small, options.large, options.share, options.calls))


if __name__ == "__main__":
    main()
