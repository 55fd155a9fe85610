"""Reading entities: pages by keyset, counts, rows by reference, and rows linked by a key.

Every statement starts from what the viewer may see, on both sides of a link, and none is run once
per row: the number of statements never depends on how many rows there are.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    RowMapping,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from hub.store.entities import Beside, Entity, Sort
from hub.viewer import Viewer

Row = Mapping[Any, Any]
"""A row as its viewer is told it."""
Ref = tuple[str, str]
"""(system, reference): how outsiders name a row."""

COUNT_CAP = 10_000
_AMOUNTS_END = 10**16
"""Amounts have two decimals of eighteen digits."""


class BadCursor(ValueError):
    """A cursor that this list did not give out."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list: the ``first`` rows after the cursor ``after``, in ``order``, for which ``where`` holds."""

    first: int
    after: str | None = None
    order: str = ""
    where: tuple[tuple[str, Any], ...] = ()
    """(filter name, value) pairs, of the entity's filters."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of rows. ``cursors`` stand beside them; ``more`` says whether rows follow."""

    rows: Sequence[Row]
    cursors: Sequence[str]
    more: bool


def nameable(text: str) -> bool:
    """Whether a row can be called ``text``: PostgreSQL refuses to compare anything with a NUL."""
    return "\0" not in text


def _where(entity: Entity, viewer: Viewer, where: Iterable[tuple[str, Any]]) -> ColumnElement[bool]:
    asked = tuple(where)
    guards = {entity.filter_guards[name] for name, _ in asked if name in entity.filter_guards}
    return and_(true(), *(entity.filters[name](value) for name, value in asked), *(guard(viewer) for guard in guards))


def _may_follow(entity: Entity, viewer: Viewer, key: str) -> ColumnElement[bool]:
    """The rows of which ``viewer`` may be told the key."""
    guard = entity.key_guards.get(key)
    return and_(_allowed(entity, viewer), guard(viewer)) if guard else _allowed(entity, viewer)


def _allowed(entity: Entity, viewer: Viewer) -> ColumnElement[bool]:
    return and_(entity.base, entity.visible(viewer))


def _order(entity: Entity, name: str) -> tuple[str, Sort]:
    chosen = name or next(iter(entity.orders))
    return chosen, entity.orders[chosen]


def encode_cursor(order: str, value: str, row_id: Any) -> str:
    """Opaque: where a row stands in an order."""
    return base64.urlsafe_b64encode(orjson.dumps([order, value, row_id])).decode().rstrip("=")


def check_cursor(entity: Entity, order: str, cursor: str) -> None:
    """Raises ``BadCursor`` for anything but a cursor of this list in this order."""
    chosen, sort = _order(entity, order)
    _place(sort, chosen, cursor)


def _place(sort: Sort, order: str, cursor: str) -> tuple[Any, Any]:
    """(value, row id) where a cursor stands, of the types of the columns; a cursor is anybody's to make up."""
    try:
        found, value, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise BadCursor("This is not a cursor of this list; use endCursor of the page before.") from None
    if found != order:
        raise BadCursor("This cursor belongs to another order; start without it or ask for the same orderBy.")
    try:
        return _typed(value, sort.column.type), _typed(row_id, sort.id.type)
    except (ValueError, TypeError, ArithmeticError):
        raise BadCursor("This cursor belongs to another list; start without it.") from None


def _typed(value: Any, kind: TypeEngine[Any]) -> Any:
    """``value`` of a cursor as a column of ``kind`` compares it; raises for what PostgreSQL would refuse."""
    if isinstance(kind, Integer):
        if type(value) is not int or abs(value) >= 2**63:
            raise ValueError("no id")
        return value
    if not isinstance(value, str) or not nameable(value):
        raise TypeError("no text")
    if isinstance(kind, DateTime):
        at = value if value == "infinity" else datetime.fromisoformat(value)
        return at if isinstance(at, str) else at.astimezone(UTC)
    if isinstance(kind, Numeric) and not abs(Decimal(value)) < _AMOUNTS_END:
        raise ValueError("no amount")
    return Decimal(value) if isinstance(kind, Numeric) else value


def _after(sort: Sort, order: str, cursor: str | None) -> ColumnElement[bool]:
    if cursor is None:
        return true()
    value, row_id = _place(sort, order, cursor)
    here = tuple_(sort.column, sort.id)
    there = tuple_(literal(value, sort.column.type), literal(row_id, sort.id.type))
    return here < there if sort.descending else here > there


def _sliced(statement: Select[Any], entity: Entity, viewer: Viewer, part: Slice, sort: Sort, order: str) -> Select[Any]:
    direction = [sort.column.desc(), sort.id.desc()] if sort.descending else [sort.column.asc(), sort.id.asc()]
    return (
        # As text, since a time in PostgreSQL can be infinite and one in Python cannot.
        statement.add_columns(cast(sort.column, String).label("_sort"))
        .where(_where(entity, viewer, part.where), _after(sort, order, part.after))
        .order_by(*direction)
        .limit(part.first + 1)
    )


def _columns(entity: Entity, viewer: Viewer) -> list[ColumnElement[Any]]:
    return [
        *entity.table.c,
        *entity.extra,
        *([entity.depth(viewer).label("_depth")] if entity.depth else []),
        entity.system.label("_system"),
        entity.ref.label("_ref"),
        entity.id.label("_id"),
    ]


def _rows(entity: Entity, found: Sequence[RowMapping], part: Slice, order: str) -> Rows:
    kept = [entity.told(row) for row in found[: part.first]]
    return Rows(kept, [encode_cursor(order, row["_sort"], row["_id"]) for row in kept], len(found) > part.first)


async def page(connection: AsyncConnection, entity: Entity, viewer: Viewer, part: Slice) -> Rows:
    """One page of what ``viewer`` may see of ``entity``."""
    order, sort = _order(entity, part.order)
    statement = select(*_columns(entity, viewer)).where(_allowed(entity, viewer))
    found = (await connection.execute(_sliced(statement, entity, viewer, part, sort, order))).mappings().all()
    return _rows(entity, found, part, order)


async def count(connection: AsyncConnection, entity: Entity, viewer: Viewer, where: Iterable[tuple[str, Any]]) -> int:
    """How many rows; counting ends at ``COUNT_CAP`` + 1."""
    capped = select(literal(1)).select_from(entity.table).where(_allowed(entity, viewer), _where(entity, viewer, where))
    found = await connection.scalar(select(func.count()).select_from(capped.limit(COUNT_CAP + 1).subquery()))
    return int(found or 0)


async def by_refs(connection: AsyncConnection, entity: Entity, viewer: Viewer, refs: Sequence[Ref]) -> dict[Ref, Row]:
    """The visible rows among ``refs``."""
    given = _given(refs)
    rows = select(*_columns(entity, viewer)).where(_allowed(entity, viewer), _named(entity, given))
    if entity.named_by:
        lateral = _first(rows, entity.named_by).correlate(given).lateral("named")
        statement = select(*lateral.c).select_from(given.join(lateral, true()))
    else:
        statement = rows.select_from(given.join(entity.table, true()))
    found = (await connection.execute(statement)).mappings()
    return {(row["_system"], row["_ref"]): entity.told(row) for row in found}


def _named(entity: Entity, given: Any) -> ColumnElement[bool]:
    return and_(entity.system == given.c.system, entity.ref == given.c.ref)


def _first(rows: Select[Any], sort: Sort) -> Select[Any]:
    direction = (sort.column.desc(), sort.id.desc()) if sort.descending else (sort.column.asc(), sort.id.asc())
    return rows.order_by(*direction).limit(1)


async def by_key(
    connection: AsyncConnection, entity: Entity, viewer: Viewer, key: str, values: Sequence[str]
) -> dict[str, Row]:
    """The visible rows that hold one of ``values`` under ``key``; the latest where several do."""
    held = entity.keys[key]
    value, source = _held(entity, key, held)
    statement = (
        select(*_columns(entity, viewer), value.label("_value"))
        .select_from(source)
        .where(_may_follow(entity, viewer, key), value.in_(filter(nameable, values)), _key_named(held, key))
        .order_by(entity.id)
    )
    return {row["_value"]: entity.told(row) for row in (await connection.execute(statement)).mappings()}


def _given(refs: Sequence[Ref]) -> Any:
    named = [(system, ref) for system, ref in refs if nameable(system) and nameable(ref)]
    systems, names = [system for system, _ in named], [ref for _, ref in named]
    return (
        func.unnest(
            cast(literal(systems, ARRAY(String)), ARRAY(String)), cast(literal(names, ARRAY(String)), ARRAY(String))
        )
        .table_valued("system", "ref", name="given")
        .render_derived()
    )


def _held(entity: Entity, key: str, held: ColumnElement[str] | Beside) -> tuple[ColumnElement[str], Any]:
    """Where a key's value is, and what to select it from."""
    if isinstance(held, Beside):
        return held.table.c.value, entity.table.join(held.table, held.owned)
    return held, entity.table


def _key_named(held: ColumnElement[str] | Beside, key: str) -> ColumnElement[bool]:
    return and_(held.table.c.name == key, held.limit) if isinstance(held, Beside) else true()


@dataclass(frozen=True, slots=True)
class Hop:
    """From rows of one entity to rows of another that share one of ``keys``."""

    source: Entity
    target: Entity
    keys: tuple[str, ...]


def _sources(hop: Hop, key: str, viewer: Viewer, refs: Sequence[Ref]) -> Any:
    """(system, ref, value): the key's values of the source rows the viewer may see."""
    held = hop.source.keys[key]
    given = _given(refs)
    value, source = _held(hop.source, key, held)
    if hop.source.named_by:
        # All rows of one reference hold the same value: one visible row is enough.
        rows = select(value.label("value")).where(_may_follow(hop.source, viewer, key), _named(hop.source, given))
        lateral = _first(rows, hop.source.named_by).correlate(given).lateral("named")
        return (
            select(given.c.system, given.c.ref, lateral.c.value).select_from(given.join(lateral, true())).cte("source")
        )
    return (
        select(given.c.system, given.c.ref, value.label("value"))
        .select_from(given.join(source, _named(hop.source, given)))
        .where(_may_follow(hop.source, viewer, key), _key_named(held, key), value.is_not(None))
        .distinct()
        .cte("source")
    )


def _targets(
    hop: Hop, key: str, viewer: Viewer, source: Any, columns: Sequence[ColumnElement[Any]], *, of_any: bool = False
) -> Select[Any]:
    """The visible target rows that hold the source row's value (``of_any``: of its values), for a lateral join."""
    held = hop.target.keys[key]
    value, target = _held(hop.target, key, held)
    shared = value == (func.any(source.c.value) if of_any else source.c.value)
    return (
        select(*columns)
        .select_from(target)
        .where(_may_follow(hop.target, viewer, key), _key_named(held, key), shared)
        .correlate(source)
    )


def _link_sort(hop: Hop, key: str, order: str) -> tuple[str, Sort]:
    """The order of a link: the key table's own where it is indexed in it, so that long lists cost no sorting."""
    chosen, sort = _order(hop.target, order)
    held = hop.target.keys[key]
    return chosen, held.sort if isinstance(held, Beside) and held.sort and held.sorts_as == chosen else sort


async def linked(
    connection: AsyncConnection, hop: Hop, viewer: Viewer, refs: Sequence[Ref], part: Slice
) -> dict[Ref, Rows]:
    """For each source in ``refs`` its page of targets; sources the viewer may not see have none.

    One statement a key. Each value of a key gives a page and one row more, of which the first rows over all values
    are the page; with several keys ``part.after`` is not for them.
    """
    found: dict[Ref, dict[Any, RowMapping]] = defaultdict(dict)
    order, sort = _order(hop.target, part.order)
    for key in hop.keys:
        order, sort = _link_sort(hop, key, part.order)
        source = _sources(hop, key, viewer, refs)
        targets = _sliced(
            _targets(hop, key, viewer, source, _columns(hop.target, viewer)), hop.target, viewer, part, sort, order
        )
        lateral = targets.lateral("target")
        statement = select(source.c.system.label("_from_system"), source.c.ref.label("_from_ref"), *lateral.c)
        rows = await connection.execute(statement.select_from(source.join(lateral, true())))
        for row in rows.mappings():
            found[row["_from_system"], row["_from_ref"]].setdefault(row["_id"], row)
    return {ref: _rows(hop.target, _sorted(rows.values(), sort), part, order) for ref, rows in found.items()}


def _sorted(rows: Iterable[RowMapping], sort: Sort) -> list[RowMapping]:
    # PostgreSQL writes times so that their text is in their order, 'infinity' last; numbers it does not.
    number = isinstance(sort.column.type, Numeric)
    return sorted(
        rows, key=lambda row: (Decimal(row["_sort"]) if number else row["_sort"], row["_id"]), reverse=sort.descending
    )


async def linked_counts(
    connection: AsyncConnection, hop: Hop, viewer: Viewer, refs: Sequence[Ref], where: Iterable[tuple[str, Any]]
) -> Mapping[Ref, int]:
    """For each source how many targets it has; counting ends at ``COUNT_CAP`` + 1."""
    (key,) = hop.keys
    source = _sources(hop, key, viewer, refs)
    # Only a key held beside its entity can have several values, by which one target might be met twice.
    several = isinstance(hop.source.keys[key], Beside)
    values = select(source.c.system, source.c.ref, func.array_agg(source.c.value).label("value"))
    source = values.group_by(source.c.system, source.c.ref).cte("sources")
    rows = _targets(hop, key, viewer, source, [hop.target.id.label("id")], of_any=True).where(
        _where(hop.target, viewer, where)
    )
    capped = (rows.distinct() if several else rows).limit(COUNT_CAP + 1).subquery()
    inner = select(func.count().label("n")).select_from(capped).lateral("counted")
    statement = select(source.c.system, source.c.ref, inner.c.n).select_from(source.join(inner, true()))
    return {(system, ref): n for system, ref, n in await connection.execute(statement)}
