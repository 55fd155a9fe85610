"""The entities of the hub's own data: complaints, agencies, areas and systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Date, String, and_, cast, false, func, literal, literal_column, not_, select, true

from hub.store.queries import record_visibility, text_search, visibility
from hub.store.queries.entity import Entity, KeyTable, Sort, one_of
from hub.store.queries.kept_counts import KeptCounts
from hub.store.tables import agencies, areas, complaint_keys, complaints, systems
from hub.store.tables.sync import claims, shared_fields

HUB = "hub"
"""The system of the hub's own data."""

_NEVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz")
"""As a literal, like in the index on due times."""
_due_at = func.coalesce(complaints.c.due_at, _NEVER)

FINISHED_STATUSES = ("ANSWERED", "CLOSED", "REJECTED")
PAUSED_STATUSES = ("RETURNED",)


def is_late() -> ColumnElement[bool]:
    """Return the condition that the final answer is overdue; null without a due time.

    The clock is paused while the complaint is returned to the reporter.
    """
    return and_(complaints.c.due_at < func.now(), complaints.c.status.not_in((*FINISHED_STATUSES, *PAUSED_STATUSES)))


def is_overdue() -> ColumnElement[bool]:
    """Return the condition ``is_late``, but false without a due time."""
    return func.coalesce(is_late(), false())


def _referenced_by(column: ColumnElement[int], pending: ColumnElement[bool]) -> Callable[[bool], ColumnElement[bool]]:
    """Return a filter for the complaints that a pending row refers to by ``column``; an index finds these few rows."""
    referenced = complaints.c.id.in_(select(column).where(pending))
    return lambda value: referenced if value else not_(referenced)


REFERENCES = ("payment", "order", "report", "permit")
"""The keys by which a complaint refers to records of other systems."""


def _has_key(key: str) -> Callable[[Sequence[str]], ColumnElement[bool]]:
    """Return a filter for the complaints whose ``key`` has one of some values."""

    def condition(values: Sequence[str]) -> ColumnElement[bool]:
        matching = and_(complaint_keys.c.name == key, one_of(complaint_keys.c.value)(values))
        return complaints.c.id.in_(select(complaint_keys.c.complaint_id).where(matching))

    return condition


_COMPLAINT_KEYS = KeyTable(
    complaint_keys, complaint_keys.c.complaint_id == complaints.c.id, owner=complaint_keys.c.complaint_id
)

_TOTALLED_COLUMNS = {"agency": "agency_code", "area": "area_code"}
"""The column of a breakdown, where it has another name."""


def _kept_counts(by: str) -> str:
    """Return the totals of all months by a column, in the form of complaints; those by status have it as it is."""
    status = "case when public then 'CLOSED' else 'RECEIVED' end"
    expressions = {"status": status, "agency_code": "agency_code", _TOTALLED_COLUMNS.get(by, by): "value"}
    columns = ", ".join(f'{expression} as "{name}"' for name, expression in expressions.items())
    return f"""
        select {columns}, secret, case when public then now() end as verified_at, complaints as number
        from complaint_totals where by = '{by}' and month = '-infinity'"""  # noqa: S608 - it is a constant


COMPLAINT = Entity(
    name="Complaint",
    kind="complaint",
    table=complaints,
    id=complaints.c.id,
    system=literal(HUB, String),
    ref=complaints.c.ticket,
    base=true(),
    visible=visibility.visible,
    orders={
        "RECEIVED_DESC": Sort(complaints.c.received_at, complaints.c.id),
        "RECEIVED_ASC": Sort(complaints.c.received_at, complaints.c.id, descending=False),
        "DUE_ASC": Sort(
            _due_at,
            complaints.c.id,
            descending=False,
            # Nothing is due before it was received.
            implied={"received_from": lambda at: _due_at >= at},
        ),
        "UPDATED_DESC": Sort(complaints.c.updated_at, complaints.c.id),
    },
    keys={
        "ticket": complaints.c.ticket,
        "agency": complaints.c.agency_code,
        "area": complaints.c.area_code,
        "payment": _COMPLAINT_KEYS,
        "order": _COMPLAINT_KEYS,
        "permit": _COMPLAINT_KEYS,
        "counterpart": complaints.c.id,
        "claim": complaints.c.id,
    },
    filters={
        "ticket": one_of(complaints.c.ticket),
        "status": one_of(complaints.c.status),
        "channel": one_of(complaints.c.channel),
        "klass": one_of(complaints.c["class"]),
        "category": one_of(complaints.c.category),
        "agency": one_of(complaints.c.agency_code),
        "area": one_of(complaints.c.area_code),
        "received_from": lambda at: complaints.c.received_at >= at,
        "received_to": lambda at: complaints.c.received_at < at,
        # Without the coalesce of the column, with which the index could not be used.
        "overdue": lambda value: is_late() if value else not_(is_overdue()),
        **{f"by_{key}": _has_key(key) for key in REFERENCES},
        "conflict": _referenced_by(shared_fields.c.complaint_id, shared_fields.c.conflict_since.is_not(None)),
        "claimed": _referenced_by(claims.c.complaint_id, claims.c.dismissed_at.is_(None)),
    },
    shown=tuple(column.name for column in complaints.c if column.name not in visibility.INTERNAL),
    extra=(is_overdue().label("overdue"),),
    optional=(
        ("inspection", "category", "anonymous", "due_estimated", "rating"),
        ("verified_at", "answered_at", "closed_at", "updated_at"),
        ("text", "attachments", "latitude", "longitude"),
    ),
    key_guards={
        **dict.fromkeys(("agency", "area"), visibility.publicly_visible),
        **dict.fromkeys(("ticket", "payment", "order", "permit", "counterpart"), visibility.fully_visible),
        "claim": visibility.at_complaint_desk,
    },
    least_detail=visibility.LEAST_DETAIL,
    filter_guards={
        **dict.fromkeys(("agency", "area", "category"), visibility.publicly_visible),
        **dict.fromkeys(("channel", "klass", *(f"by_{key}" for key in REFERENCES)), visibility.fully_visible),
        "conflict": lambda viewer: and_(visibility.fully_visible(viewer), record_visibility.has_conflict(viewer)),
        "claimed": lambda viewer: and_(visibility.at_complaint_desk(viewer), record_visibility.has_claim(viewer)),
    },
    viewer_filters={"search": text_search.matching_complaints},
    indexed=dict.fromkeys(
        ("status", "channel", "category", "agency", "area", "received_from", "received_to"), "RECEIVED_DESC"
    ),
    kept=KeptCounts(
        "complaints",
        _kept_counts,
        frozenset({"agency"}),
        {name: name for name in ("area", "category", "channel", "status")} | {"klass": "class"},
        all="agency",
        covers=visibility.has_no_own,
    ),
    detail=visibility.detail,
    redact=visibility.redact,
)


def is_in_office() -> ColumnElement[bool]:
    """Return the condition that an agency is in office today, in Jakarta."""
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
        "code": one_of(agencies.c.code),
        "in_office": lambda value: is_in_office() if value else not_(is_in_office()),
    },
    optional=(("name_en", "aliases", "valid_from", "valid_to", "successor", "email", "phone"),),
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
    filters={"code": one_of(areas.c.code), "type": one_of(areas.c.type)},
)

# Without the times that only pulls need, so that an invalid one cannot prevent that a system is shown.
_SHOWN = "name", "title", "owner", "coverage", "synced_at", "down_since"
_systems = select(*(systems.c[name] for name in _SHOWN)).subquery("systems_shown")

SYSTEM = Entity(
    name="System",
    table=_systems,
    id=_systems.c.name,
    system=literal(HUB, String),
    ref=_systems.c.name,
    base=true(),
    visible=lambda viewer: true(),
    orders={"NAME_ASC": Sort(_systems.c.name, _systems.c.name, descending=False)},
    keys={"system": _systems.c.name},
)
