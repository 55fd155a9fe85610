"""Deliveries as the graph lists and links them, and the evidence of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, RowMapping, String, literal, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.reading import sight
from hub.store.reading.entities import HUB
from hub.store.reading.entity import Entity, Sort
from hub.store.tables import complaints
from hub.store.tables_sync import deliveries, delivery_attempts
from hub.viewer import Viewer

OPERATE = "hub:operate"


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Those of complaints the viewer sees in full; for who operates the hub also all others that are not secret."""
    seen = sight.in_full(viewer)
    if viewer.may(OPERATE):
        seen = or_(seen, not_(complaints.c.secret))
    return select(literal(1)).where(complaints.c.id == deliveries.c.complaint_id, seen).correlate(deliveries).exists()


DELIVERY = Entity(
    name="Delivery",
    table=deliveries,
    id=deliveries.c.id,
    system=literal(HUB, String),
    ref=deliveries.c.key,
    base=true(),
    visible=visible,
    orders={
        "CREATED_DESC": Sort(deliveries.c.created_at, deliveries.c.id),
        "CREATED_ASC": Sort(deliveries.c.created_at, deliveries.c.id, descending=False),
    },
    keys={"ticket": deliveries.c.ticket, "system": deliveries.c.system},
    filters={"state": deliveries.c.state.in_, "system": deliveries.c.system.in_},
)


async def evidence(db: AsyncConnection, viewer: Viewer, keys: Sequence[str]) -> Mapping[str, list[RowMapping]]:
    """What came of each attempt of the deliveries among ``keys`` that ``viewer`` sees, in order."""
    found = await db.execute(
        select(deliveries.c.key, *delivery_attempts.c)
        .join(delivery_attempts, delivery_attempts.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.key.in_(keys), visible(viewer))
        .order_by(delivery_attempts.c.id)
    )
    by_key: dict[str, list[RowMapping]] = defaultdict(list)
    for row in found.mappings():
        by_key[row["key"]].append(row)
    return by_key
