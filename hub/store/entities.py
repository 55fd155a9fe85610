"""What the graph can list and link, and who may see which row: visibility lives here and nowhere else.

An entity is a set of rows with a reference outsiders know (a ticket, a system's id), a predicate
that says which of them a viewer may see, the orders it can be listed in, and how each of its keys
is held: in a column of its own, or in a table beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    String,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from hub.kinds import Kind, Order, Payment, Report
from hub.store import sight
from hub.store.tables import (
    agencies,
    areas,
    complaint_keys,
    complaints,
    record_keys,
    records,
    systems,
)
from hub.viewer import Viewer

HUB = "hub"
"""The system of what the hub itself keeps."""

_NEVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz")
"""Written out, as the index on due times has it."""

DONE = ("ANSWERED", "CLOSED", "REJECTED")
WAITING = ("RETURNED",)


@dataclass(frozen=True, slots=True)
class Sort:
    """One order: a column, whether the greatest comes first, and the row id that tells equals apart."""

    column: ColumnElement[Any]
    id: ColumnElement[Any]
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Beside:
    """A key held in a table beside the entity's own: its rows name the owner, the key and the value."""

    table: FromClause
    owned: ColumnElement[bool]
    """Which row of the entity a row of ``table`` belongs to."""
    sort: Sort | None = None
    """An order the table itself is indexed in, with its own row id; it stands for the entity's order of that column."""
    sorts_as: str = ""
    limit: ColumnElement[bool] = field(default_factory=true)
    """What else tells the entity's keys from others in the table."""


Held = ColumnElement[str] | Beside
Guard = Callable[[Viewer], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Entity:
    """One listable thing. ``system`` and ``ref`` together name a row for outsiders; ``id`` tells rows apart."""

    name: str
    table: FromClause
    id: ColumnElement[int]
    system: ColumnElement[str]
    ref: ColumnElement[str]
    base: ColumnElement[bool]
    visible: Guard
    orders: Mapping[str, Sort]
    keys: Mapping[str, Held] = field(default_factory=dict)
    filters: Mapping[str, Callable[[Any], ColumnElement[bool]]] = field(default_factory=dict)
    extra: tuple[ColumnElement[Any], ...] = ()
    """Computed columns that come with every row."""
    key_guards: Mapping[str, Guard] = field(default_factory=dict)
    """For keys that tell more of a row than it being visible: the rows whose key a viewer may follow."""
    filter_guards: Mapping[str, Guard] = field(default_factory=dict)
    """The same for filters: the rows a viewer may find by them."""
    depth: Callable[[Viewer], ColumnElement[int]] | None = None
    """How much of a row the viewer is told, where that differs from row to row."""
    told: Callable[[Mapping[Any, Any]], Mapping[Any, Any]] = lambda row: row
    """A row without what its depth does not tell."""
    named_by: Sort | None = None
    """For an entity of which several rows have one reference: the row that comes first in this order names it."""


def late() -> ColumnElement[bool]:
    """The final answer is past its time: the clock stands still while the reporter owes one; null without a time."""
    return and_(complaints.c.due_at < func.now(), complaints.c.status.not_in((*DONE, *WAITING)))


def overdue() -> ColumnElement[bool]:
    """``late``, but false where there is no time."""
    return func.coalesce(late(), false())


_BESIDE_COMPLAINTS = Beside(complaint_keys, complaint_keys.c.complaint_id == complaints.c.id)

COMPLAINT = Entity(
    name="Complaint",
    table=complaints,
    id=complaints.c.id,
    system=literal(HUB, String),
    ref=complaints.c.ticket,
    base=true(),
    visible=sight.visible,
    orders={
        "RECEIVED_DESC": Sort(complaints.c.received_at, complaints.c.id),
        "RECEIVED_ASC": Sort(complaints.c.received_at, complaints.c.id, descending=False),
        "DUE_ASC": Sort(func.coalesce(complaints.c.due_at, _NEVER), complaints.c.id, descending=False),
        "UPDATED_DESC": Sort(complaints.c.updated_at, complaints.c.id),
    },
    keys={
        "ticket": complaints.c.ticket,
        "agency": complaints.c.agency_code,
        "area": complaints.c.area_code,
        "payment": _BESIDE_COMPLAINTS,
        "order": _BESIDE_COMPLAINTS,
        "report": _BESIDE_COMPLAINTS,
    },
    filters={
        "ticket": complaints.c.ticket.in_,
        "status": complaints.c.status.in_,
        "channel": complaints.c.channel.in_,
        "klass": complaints.c["class"].in_,
        "category": complaints.c.category.in_,
        "agency": complaints.c.agency_code.in_,
        "area": complaints.c.area_code.in_,
        "received_from": lambda at: complaints.c.received_at >= at,
        "received_to": lambda at: complaints.c.received_at < at,
        # Without the coalesce that a column needs, which would hide the condition from its index.
        "overdue": lambda wanted: late() if wanted else not_(overdue()),
    },
    extra=(overdue().label("overdue"),),
    key_guards={
        **dict.fromkeys(("agency", "area"), sight.in_public),
        **dict.fromkeys(("ticket", "payment", "order", "report"), sight.in_full),
    },
    filter_guards={
        **dict.fromkeys(("agency", "area", "category"), sight.in_public),
        **dict.fromkeys(("channel", "klass"), sight.in_full),
    },
    depth=sight.depth,
    told=sight.told,
)


def in_office() -> ColumnElement[bool]:
    """Whether an agency is in office today, in Jakarta."""
    today = cast(func.timezone("Asia/Jakarta", func.now()), Date)
    return and_(agencies.c.valid_from <= today, func.coalesce(agencies.c.valid_to > today, true()))


AGENCY = Entity(
    name="Agency",
    table=agencies,
    id=agencies.c.code,
    system=literal(HUB, String),
    ref=agencies.c.code,
    base=true(),
    visible=lambda viewer: true(),
    orders={"NAME_ASC": Sort(agencies.c.name, agencies.c.code, descending=False)},
    keys={"agency": agencies.c.code},
    filters={
        "code": agencies.c.code.in_,
        "in_office": lambda wanted: in_office() if wanted else not_(in_office()),
    },
)

AREA = Entity(
    name="Area",
    table=areas,
    id=areas.c.code,
    system=literal(HUB, String),
    ref=areas.c.code,
    base=true(),
    visible=lambda viewer: true(),
    orders={"CODE_ASC": Sort(areas.c.code, areas.c.code, descending=False)},
    keys={"area": areas.c.code},
    filters={"code": areas.c.code.in_, "type": areas.c.type.in_},
)

SYSTEM = Entity(
    name="System",
    table=systems,
    id=systems.c.name,
    system=literal(HUB, String),
    ref=systems.c.name,
    base=true(),
    visible=lambda viewer: true(),
    orders={"NAME_ASC": Sort(systems.c.name, systems.c.name, descending=False)},
    keys={"system": systems.c.name},
)


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


def _secret_records(viewer: Viewer) -> ColumnElement[bool]:
    """Secret records are for those who may know reporters; for an agency's officers, those it must answer."""
    if not sight.may_know_reporters(viewer):
        return false()
    return fact("agency_code") == viewer.agency if viewer.agency else true()


def record_entity(name: str, kind: type[Kind], keys: tuple[str, ...], scope: str | None) -> Entity:
    """The entity of a kind of record. ``scope`` is what a viewer needs to see any of them; None is public."""

    def visible(viewer: Viewer) -> ColumnElement[bool]:
        if scope is not None and not viewer.may(scope):
            return false()
        return or_(not_(records.c.secret), _secret_records(viewer))

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
