"""What the hub itself keeps that the graph can list and link, and who may see which row of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Date, String, and_, cast, false, func, literal, literal_column, not_, select, true

from hub.store.reading import sight
from hub.store.reading.entity import Beside, Entity, Sort
from hub.store.tables import agencies, areas, complaint_keys, complaints, systems
from hub.store.tables_sync import shared_fields

HUB = "hub"
"""The system of what the hub itself keeps."""

_NEVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz")
"""Written out, as the index on due times has it."""

DONE = ("ANSWERED", "CLOSED", "REJECTED")
WAITING = ("RETURNED",)


def late() -> ColumnElement[bool]:
    """The final answer is past its time: the clock stands still while the reporter owes one; null without a time."""
    return and_(complaints.c.due_at < func.now(), complaints.c.status.not_in((*DONE, *WAITING)))


def overdue() -> ColumnElement[bool]:
    """``late``, but false where there is no time."""
    return func.coalesce(late(), false())


def disputed() -> ColumnElement[bool]:
    """Another system says otherwise in a field, and a person has to decide."""
    waiting = select(shared_fields.c.complaint_id).where(shared_fields.c.conflict_since.is_not(None))
    return complaints.c.id.in_(waiting)


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
        "conflict": lambda wanted: disputed() if wanted else not_(disputed()),
    },
    extra=(overdue().label("overdue"),),
    key_guards={
        **dict.fromkeys(("agency", "area"), sight.in_public),
        **dict.fromkeys(("ticket", "payment", "order", "report"), sight.in_full),
    },
    filter_guards={
        **dict.fromkeys(("agency", "area", "category"), sight.in_public),
        **dict.fromkeys(("channel", "klass", "conflict"), sight.in_full),
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
