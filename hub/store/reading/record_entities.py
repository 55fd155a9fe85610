"""The records that the graph can list and link: an entity a kind, and who may see which row of it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, and_, false, func, literal, literal_column, not_, or_, select, true

from hub.kinds import Kind, Order, Payment, Report
from hub.store.reading import sight
from hub.store.reading.entities import HUB
from hub.store.reading.entity import Beside, Entity, Sort
from hub.store.tables import record_keys, records, systems
from hub.viewer import Viewer

_AS_OF = func.greatest(
    records.c.seen_at,
    select(systems.c.synced_at)
    .where(systems.c.name == records.c.system, systems.c.tells_changes)
    .correlate(records)
    .scalar_subquery(),
).label("as_of")
"""How old a record is: when it was last heard of, or when its system last told every change."""


def fact(name: str) -> ColumnElement[str]:
    """A fact in a record's body, written so that the partitions' indexes on it apply."""
    assert name.isidentifier()
    return literal_column(f"(records.body ->> '{name}')", String)


def unless_secret(viewer: Viewer, secret: ColumnElement[bool] = records.c.secret) -> ColumnElement[bool]:
    """Secret records are for those who may know reporters; for an agency's officers, those it must answer."""
    if not sight.may_know_reporters(viewer):
        return not_(secret)
    return or_(not_(secret), fact("agency_code") == viewer.agency) if viewer.agency else true()


def record_entity(name: str, kind: type[Kind], keys: tuple[str, ...], scope: str | None) -> Entity:
    """The entity of a kind of record. ``scope`` is what a viewer needs to see any of them; None is public."""

    def visible(viewer: Viewer) -> ColumnElement[bool]:
        if scope is not None and not viewer.may(scope):
            return false()
        return unless_secret(viewer)

    beside = Beside(
        record_keys,
        and_(record_keys.c.system == records.c.system, record_keys.c.record_id == records.c.id),
        Sort(record_keys.c.occurred_at, record_keys.c.record_id),
        "OCCURRED_DESC",
        record_keys.c.kind == kind.kind,
    )
    return Entity(
        name=name,
        table=records,
        id=records.c.id,
        system=records.c.system,
        ref=records.c.external_id,
        base=and_(records.c.kind == kind.kind, records.c.gone_at.is_(None)),
        visible=visible,
        orders={
            "OCCURRED_DESC": Sort(records.c.occurred_at, records.c.id),
            "OCCURRED_ASC": Sort(records.c.occurred_at, records.c.id, descending=False),
            "AMOUNT_DESC": Sort(func.coalesce(records.c.amount, 0), records.c.id),
            "AMOUNT_ASC": Sort(func.coalesce(records.c.amount, 0), records.c.id, descending=False),
        },
        keys={"system": records.c.system, **dict.fromkeys(keys, beside)},
        filters={
            "system": records.c.system.in_,
            "status": records.c.status.in_,
            "occurred_from": lambda at: records.c.occurred_at >= at,
            "occurred_to": lambda at: records.c.occurred_at < at,
            "amount_min": lambda amount: func.coalesce(records.c.amount, 0) >= amount,
            "amount_max": lambda amount: func.coalesce(records.c.amount, 0) <= amount,
            **{name: fact(name).in_ for name in kind.indexed},
        },
        extra=(_AS_OF,),
    )


REPORT = record_entity("CentralReport", Report, ("ticket", "report", "agency", "area"), "reports:read")
PAYMENT = record_entity("Payment", Payment, ("payment",), "payments:read")
ORDER = record_entity("ProcurementOrder", Order, ("order", "agency", "supplier"), None)
SUPPLIER = Entity(
    name="Supplier",
    table=records,
    id=records.c.id,
    system=literal(HUB, String),
    ref=fact("supplier_key"),
    base=ORDER.base,
    visible=ORDER.visible,
    orders={"OCCURRED_DESC": Sort(records.c.occurred_at, records.c.id)},
    keys={"supplier": fact("supplier_key")},
    named_by=Sort(records.c.occurred_at, records.c.id),
)
"""A label on orders (contract L.3): every order of a supplier is a row of it, and any of them names it."""
