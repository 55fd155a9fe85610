"""The entity of deliveries, and the attempts of each delivery."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, RowMapping, String, func, literal, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import visibility
from hub.store.queries.entities import HUB
from hub.store.queries.entity import Entity, Sort, one_of
from hub.store.tables import complaints
from hub.store.tables.sync import deliveries, delivery_attempts
from hub.viewer import Viewer

OPERATE = "hub:operate"


ERROR: ColumnElement[str] = func.coalesce(func.regexp_replace(deliveries.c.trouble, "[0-9]+", "#", "g"), "")
"""The last error without its numbers, so that deliveries with the same error are one group; empty without one."""
GROUP: ColumnElement[str] = func.substr(
    func.encode(
        func.sha256(
            func.convert_to(
                func.concat_ws("|", deliveries.c.system, deliveries.c.state, deliveries.c.action, ERROR), "UTF8"
            )
        ),
        "hex",
    ),
    1,
    16,
    type_=String,
)
"""The key of the group of a delivery: its system, state, action and error."""


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the deliveries of complaints that the viewer sees in full.

    An operator of the hub also sees those of all other complaints that are not secret.
    """
    condition = visibility.fully_visible(viewer)
    if viewer.may(OPERATE):
        condition = or_(condition, not_(complaints.c.secret))
    return (
        select(literal(1)).where(complaints.c.id == deliveries.c.complaint_id, condition).correlate(deliveries).exists()
    )


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
    filters={
        **{name: one_of(deliveries.c[name]) for name in ("state", "system", "ticket", "key")},
        "group": one_of(GROUP),
    },
)


async def list_attempts(db: AsyncConnection, viewer: Viewer, keys: Sequence[str]) -> Mapping[str, list[RowMapping]]:
    """Return the attempts, in order, of the deliveries among ``keys`` that ``viewer`` sees."""
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
