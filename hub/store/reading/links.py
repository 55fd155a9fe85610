"""Rows linked by a key they share: starting from what the viewer may see, on both sides of a link.

No statement is run once per row: the number of statements never depends on how many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, RowMapping, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.reading.entity import Beside, Entity, Sort
from hub.store.reading.lists import COUNT_CAP, Rows, Slice, paged, sliced
from hub.store.reading.naming import Ref, first, given_as_rows, named
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Hop:
    """From rows of one entity to rows of another that share one of ``keys``."""

    source: Entity
    target: Entity
    keys: tuple[str, ...]


async def linked(
    connection: AsyncConnection, viewer: Viewer, refs: Sequence[Ref], hop: Hop, part: Slice
) -> dict[Ref, Rows]:
    """For each source in ``refs`` its page of targets; sources the viewer may not see have none.

    One statement a key. Each value of a key gives a page and one row more, of which the first rows over all values
    are the page; with several keys ``part.after`` is not for them.
    """
    found: dict[Ref, dict[Any, RowMapping]] = defaultdict(dict)
    order, sort = hop.target.order(part.order)
    for key in hop.keys:
        order, sort = _link_sort(hop, key, part.order)
        source = _sources(hop, key, viewer, refs)
        targets = _targets(hop, key, viewer, source, hop.target.columns(viewer))
        lateral = sliced(targets, hop.target, viewer, part, sort, order).lateral("target")
        statement = select(source.c.system.label("_from_system"), source.c.ref.label("_from_ref"), *lateral.c)
        rows = await connection.execute(statement.select_from(source.join(lateral, true())))
        for row in rows.mappings():
            found[row["_from_system"], row["_from_ref"]].setdefault(row["_id"], row)
    return {ref: paged(hop.target, _sorted(rows.values(), sort), part, order) for ref, rows in found.items()}


def _sorted(rows: Iterable[RowMapping], sort: Sort) -> list[RowMapping]:
    # PostgreSQL writes times so that their text is in their order, 'infinity' last; numbers it does not.
    number = isinstance(sort.column.type, Numeric)
    return sorted(
        rows, key=lambda row: (Decimal(row["_sort"]) if number else row["_sort"], row["_id"]), reverse=sort.descending
    )


async def linked_counts(
    connection: AsyncConnection, viewer: Viewer, refs: Sequence[Ref], hop: Hop, where: Iterable[tuple[str, Any]]
) -> Mapping[Ref, int]:
    """For each source how many targets it has; counting ends at ``COUNT_CAP`` + 1."""
    (key,) = hop.keys
    source = _sources(hop, key, viewer, refs)
    # Only a key held beside its entity can have several values, by which one target might be met twice.
    several = isinstance(hop.source.keys[key], Beside)
    values = select(source.c.system, source.c.ref, func.array_agg(source.c.value).label("value"))
    source = values.group_by(source.c.system, source.c.ref).cte("sources")
    rows = _targets(hop, key, viewer, source, [hop.target.id.label("id")], of_any=True).where(
        hop.target.where(viewer, where)
    )
    capped = (rows.distinct() if several else rows).limit(COUNT_CAP + 1).subquery()
    inner = select(func.count().label("n")).select_from(capped).lateral("counted")
    statement = select(source.c.system, source.c.ref, inner.c.n).select_from(source.join(inner, true()))
    return {(system, ref): n for system, ref, n in await connection.execute(statement)}


def _sources(hop: Hop, key: str, viewer: Viewer, refs: Sequence[Ref]) -> Any:
    """(system, ref, value): the key's values of the source rows the viewer may see."""
    value, source, allowed = hop.source.held(viewer, key)
    given = given_as_rows(refs)
    if hop.source.named_by:
        # All rows of one reference hold the same value: one visible row is enough.
        rows = select(value.label("value")).where(allowed, named(hop.source, given))
        lateral = first(rows, hop.source.named_by).correlate(given).lateral("named")
        return (
            select(given.c.system, given.c.ref, lateral.c.value).select_from(given.join(lateral, true())).cte("source")
        )
    return (
        select(given.c.system, given.c.ref, value.label("value"))
        .select_from(given.join(source, named(hop.source, given)))
        .where(allowed, value.is_not(None))
        .distinct()
        .cte("source")
    )


def _targets(
    hop: Hop, key: str, viewer: Viewer, source: Any, columns: Sequence[ColumnElement[Any]], *, of_any: bool = False
) -> Select[Any]:
    """The visible target rows that hold the source row's value (``of_any``: of its values), for a lateral join."""
    value, target, allowed = hop.target.held(viewer, key)
    shared = value == (func.any(source.c.value) if of_any else source.c.value)
    return select(*columns).select_from(target).where(allowed, shared).correlate(source)


def _link_sort(hop: Hop, key: str, order: str) -> tuple[str, Sort]:
    """The order of a link: the key table's own where it is indexed in it, so that long lists cost no sorting."""
    chosen, sort = hop.target.order(order)
    held = hop.target.keys[key]
    return chosen, held.sort if isinstance(held, Beside) and held.sort and held.sorts_as == chosen else sort
