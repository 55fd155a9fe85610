"""The entities of records: one for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, Table, and_, case, false, func, literal, not_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Business, Kind, Order, Payment, Permit, Report
from hub.store.queries import text_search
from hub.store.queries.entities import HUB
from hub.store.queries.entity import Entity, Guard, KeySource, KeyTable, Sort, one_of
from hub.store.queries.kept_counts import KeptCounts
from hub.store.queries.record_visibility import LICENSING, PAYMENTS, fact, unlinked, visible, visible_payments
from hub.store.tables import record_keys, records, systems
from hub.store.tables.sync import claims, counterparts
from hub.store.value_loaders import EARLIEST_TIME, LATEST_TIME
from hub.viewer import Viewer

_LISTED_AT = case(
    (
        and_(
            records.c.missed_at.is_(None), records.c.occurred_at >= func.coalesce(systems.c.listed_from, EARLIEST_TIME)
        ),
        systems.c.listed_at,
    )
)
_SYSTEM_AS_OF = func.greatest(case((systems.c.tells_changes, systems.c.synced_at)), _LISTED_AT)
_AS_OF = func.greatest(
    records.c.seen_at,
    select(_SYSTEM_AS_OF).where(systems.c.name == records.c.system).correlate(records).scalar_subquery(),
).label("as_of")
"""The time up to which a record is known to be current: when it was last seen, or the start of the last full run that
listed it, or that of the last complete pull if the system reports all changes."""


def is_displayable(time: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a stored time can be shown; rows with another time are in no list."""
    return time.between(EARLIEST_TIME, LATEST_TIME)


def _all(viewer: Viewer) -> ColumnElement[bool]:
    return true()


_amount = func.coalesce(records.c.amount, 0)
_BY_TIME = Sort(records.c.occurred_at, records.c.id)
_BY_AMOUNT = Sort(_amount, records.c.id)
_ORDERS = {"OCCURRED_DESC": _BY_TIME, "OCCURRED_ASC": _BY_TIME.reversed}
_ORDERS_OF_AMOUNTS = {"AMOUNT_DESC": _BY_AMOUNT, "AMOUNT_ASC": _BY_AMOUNT.reversed}


_SHOWN = "status", "told", "secret", "occurred_at", "updated_at", "amount", "currency", "body"


def record_entity(
    name: str,
    kind: type[Kind],
    keys: tuple[str, ...],
    scope: str | None = None,
    restriction: Guard = _all,
    **other_keys: KeySource,
) -> Entity:
    """Return the entity of a kind of record.

    Its system's connector declares who may see a record (``Connector.visible_to``). For this kind, of whatever system,
    a viewer also needs ``scope``, and sees only rows that match ``restriction``. ``other_keys`` are keys that are not
    stored with the record.
    """

    def allowed(viewer: Viewer) -> ColumnElement[bool]:
        if scope is not None and not viewer.may(scope):
            return false()
        return and_(visible(viewer), restriction(viewer))

    return Entity(
        name=name,
        kind=kind.kind,
        table=records,
        id=records.c.id,
        system=records.c.system,
        ref=records.c.external_id,
        base=and_(records.c.kind == kind.kind, records.c.gone_at.is_(None), DISPLAYABLE),
        visible=allowed,
        orders=_ORDERS | _ORDERS_OF_AMOUNTS if kind.has_amounts else _ORDERS,
        keys={"system": records.c.system, **_stored_keys(kind, keys), **other_keys},
        filters=_filters(kind, keys),
        indexed={
            **dict.fromkeys(("system", "status", "occurred_from", "occurred_to", *kind.indexed), "OCCURRED_DESC"),
            **dict.fromkeys((f"by_{key}" for key in keys if key in kind.fact_of_key), "OCCURRED_DESC"),
            **dict.fromkeys(_AMOUNT_FILTERS if kind.has_amounts else (), "AMOUNT_DESC"),
        },
        kept=_kept(kind, keys) if restriction in (_all, visible_payments) else None,
        shown=(*_SHOWN, "prose") if kind.prose else _SHOWN,
        extra=(_AS_OF,),
        # Status and body are always read: a row whose facts the graph cannot represent is in no list.
        optional=(("as_of",), ("told", "updated_at"), ("prose",)),
    )


_COUNTED_BY = frozenset(
    ("area_code", "authority", "corridor", "legal_form", "marketplace", "paid_for", "sector", "type_code")
)
"""The facts by which records are counted, besides those of all numbers; as in ``fact_sets`` in the database."""
_COUNTED_ALWAYS = frozenset(("agency_code", "merchant"))


def _kept(kind: type[Kind], keys: tuple[str, ...]) -> KeptCounts:
    """Return the numbers of records of ``kind``. Those that visibility allows depend on facts in all numbers."""
    facts = {name: name for name in kind.indexed}
    facts |= {name: fact for key, fact in kind.fact_of_key.items() if key in keys for name in (key, f"by_{key}")}
    always = {name for name, fact in facts.items() if fact in _COUNTED_ALWAYS}
    by = {name: fact for name, fact in facts.items() if fact in _COUNTED_BY}
    return KeptCounts("records", _kept_counts, frozenset({"system", "status", *always}), by)


def _kept_counts(by: str) -> str:
    return f"""
        select kind, system, status, secret, facts as body, null::timestamptz as gone_at, now() as occurred_at,
               now() as updated_at, records as number
        from record_fact_counts where by = '{by}'"""  # noqa: S608 - it is a constant


def _stored_keys(kind: type[Kind], keys: tuple[str, ...]) -> dict[str, KeySource]:
    """Return the keys that are stored with the records of ``kind``.

    A key whose value is a fact is read from there: the indexes of the fact provide every order, without another table.
    """
    latest_first = Sort(record_keys.c.occurred_at, record_keys.c.record_id)
    record_key_table = KeyTable(
        record_keys,
        and_(record_keys.c.system == records.c.system, record_keys.c.record_id == records.c.id),
        {"OCCURRED_DESC": latest_first, "OCCURRED_ASC": latest_first.reversed},
        record_keys.c.kind == kind.kind,
    )
    facts = {key: fact(name) for key, name in kind.fact_of_key.items() if key in keys}
    return {**dict.fromkeys(keys, record_key_table), **facts}


DISPLAYABLE = and_(is_displayable(records.c.occurred_at), is_displayable(records.c.updated_at))
"""Records with times that can be shown; ``hub doctor`` counts the others."""


_AMOUNT_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "amount_min": lambda amount: _amount >= amount,
    "amount_max": lambda amount: _amount <= amount,
}


def _filters(kind: type[Kind], keys: tuple[str, ...]) -> dict[str, Callable[[Any], ColumnElement[bool]]]:
    """Return the filters of a kind: those of every record, of its indexed facts, and of its keys."""
    return {
        "system": one_of(records.c.system),
        "status": one_of(records.c.status),
        "occurred_from": lambda at: records.c.occurred_at >= at,
        "occurred_to": lambda at: records.c.occurred_at < at,
        **(_AMOUNT_FILTERS if kind.has_amounts else {}),
        **{name: one_of(fact(name)) for name in kind.indexed},
        **{f"by_{key}": _has_key(kind, key) for key in keys},
        **({"search": lambda query: text_search.matching_records(kind.searched, query)} if kind.searched else {}),
    }


def _has_key(kind: type[Kind], key: str) -> Callable[[Sequence[str]], ColumnElement[bool]]:
    """Return a filter for the records of ``kind`` whose ``key`` has one of some values."""
    if key in kind.fact_of_key:
        return one_of(fact(kind.fact_of_key[key]))

    def condition(values: Sequence[str]) -> ColumnElement[bool]:
        matching = and_(record_keys.c.kind == kind.kind, record_keys.c.name == key, one_of(record_keys.c.value)(values))
        owners = select(record_keys.c.system, record_keys.c.record_id).where(matching)
        return tuple_(records.c.system, records.c.id).in_(owners)

    return condition


def _of_complaints(key: str, table: Table, *which: ColumnElement[bool]) -> KeyTable:
    """Return a key in a table that links records to complaints; its value is the complaint's row id."""
    named = literal(key).label("name"), table.c.complaint_id.label("value")
    rows = select(table.c.system, table.c.external_id, *named).where(*which).subquery(f"{key}_keys")
    return KeyTable(rows, and_(rows.c.system == records.c.system, rows.c.external_id == records.c.external_id))


REPORT = record_entity(
    "CentralReport",
    Report,
    ("report", "agency", "area"),
    "reports:read",
    counterpart=_of_complaints("counterpart", counterparts),
    claim=_of_complaints("claim", claims, claims.c.dismissed_at.is_(None), unlinked()),
)
PAYMENT = record_entity("Payment", Payment, ("payment", "nib", "npwp"), PAYMENTS, visible_payments)
ORDER = record_entity("ProcurementOrder", Order, ("order", "agency", "supplier", "nib", "npwp"))
PERMIT = record_entity("Permit", Permit, ("permit", "nib", "agency", "area"), LICENSING)
BUSINESS = record_entity("Business", Business, ("nib", "npwp", "area"), LICENSING)
SUPPLIER = Entity(
    name="Supplier",
    table=records,
    id=records.c.id,
    system=literal(HUB, String),
    ref=fact("supplier_key"),
    base=ORDER.base,
    visible=ORDER.visible,
    orders={"OCCURRED_DESC": _BY_TIME},
    keys={"supplier": fact("supplier_key")},
    shown=("body",),
    representative=_BY_TIME,
)
"""A supplier is a label on orders (contract blangkon#suppliers): its rows are its orders; the latest represents it."""


async def count_undisplayable(db: AsyncConnection) -> int:
    """Return how many records have a time that no list, link or feed can show."""
    return await db.scalar(select(func.count()).where(not_(DISPLAYABLE))) or 0
