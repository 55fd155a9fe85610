"""Links: rows of two entities that share the value of a key. Visibility applies on both sides of a link.

The number of statements does not depend on the number of rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Numeric, Select, cast, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import compiled, kept_counts, lookup
from hub.store.queries.compiled import Inputs
from hub.store.queries.entity import Entity, KeyTable, Row, Sort
from hub.store.queries.lookup import Ref, first_row, matches_refs, refs_table
from hub.store.queries.pagination import COUNT_CAP, PageRequest, RowPage, page_statement, to_page
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class EntityLink:
    """A link from one entity to another, by ``keys`` that both have."""

    source: Entity
    target: Entity
    keys: tuple[str, ...]


async def linked(
    db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref], link: EntityLink, request: PageRequest
) -> dict[Ref, RowPage]:
    """Return the page of targets of each source in ``refs``; sources that the viewer may not see have none.

    One statement for each key. Each value of a key yields a page and one more row; the first rows over all values are
    the page. With several keys ``request`` must have no cursor.
    """
    inputs = lookup.ref_inputs(refs)
    found = [row for key in link.keys for row in await _fetch(db, viewer, link, key, request, inputs)]
    return _pages(db, link, request, found, itemgetter("_from_system", "_from_ref"))


@cache
def followed_value(entity: Entity, key: str) -> Callable[[Row], Any] | None:
    """Return a function for what of a row leads to others by ``key``, null if the viewer may not follow a link by it.

    That is the value of the key, or the row's id if the values are in another table. None if rows do not always have
    it, or do not tell whether their viewer may follow it.
    """
    name, guard = entity.shown_value(key), entity.key_guards.get(key)
    if name is None or (guard and guard not in entity.least_detail):
        return None
    if guard is None:
        return itemgetter(name)
    least = entity.least_detail[guard]
    return lambda row: row[name] if row["_detail"] >= least else None


async def linked_by_value(
    db: AsyncConnection, viewer: Viewer, known: Sequence[Any], link: EntityLink, request: PageRequest
) -> dict[Any, RowPage]:
    """Return the page of targets of each value in ``known``: what ``followed_value`` returns for the only key.

    The values are of rows that the viewer sees in the same snapshot. So these are not looked up again.
    """
    (key,) = link.keys
    found = await _fetch(db, viewer, link, key, request, {"known": tuple(known)}) if known else ()
    return _pages(db, link, request, found, itemgetter("_from_known"))


async def _fetch(
    db: AsyncConnection, viewer: Viewer, link: EntityLink, key: str, request: PageRequest, sources: Inputs
) -> list[dict[str, Any]]:
    name = "linked", link, key, compiled.kind_of(viewer), request.shape
    inputs = {**compiled.inputs_of(viewer), **sources, **request.inputs}
    return await compiled.fetch(db, name, inputs, partial(_linked_statement, link, key, viewer, request))


def _linked_statement(link: EntityLink, key: str, viewer: Viewer, request: PageRequest, inputs: Inputs) -> Select[Any]:
    template = compiled.viewer_with(viewer, inputs)
    source = _known_sources(link, key, inputs) if "known" in inputs else _sources(link, key, template, inputs)
    targets = _targets(link, key, template, source, link.target.columns(template, request.without))
    _, sort = _link_sort(link, key, request.order)
    lateral = page_statement(targets, link.target, template, request.with_inputs(inputs), sort).lateral("target")
    of = [column.label(f"_from_{column.name}") for column in source.c if column.name != "value"]
    statement = select(*of, *lateral.c)
    return statement.select_from(source.join(lateral, true()))


def _pages(
    db: AsyncConnection,
    link: EntityLink,
    request: PageRequest,
    found: Iterable[Row],
    source_of: Callable[[Row], Any],
) -> dict[Any, RowPage]:
    """Return the page of each source; several keys may have found one target."""
    by_source: dict[Any, dict[Any, Row]] = defaultdict(dict)
    for row in found:
        by_source[source_of(row)].setdefault(row["_id"], row)
    order, sort = _link_sort(link, link.keys[-1], request.order)
    in_order = _sorter(request.read_order(sort))
    return {
        source: to_page(db, link.target, in_order(rows.values()) if len(rows) > 1 else [*rows.values()], request, order)
        for source, rows in by_source.items()
    }


def _sorter(sort: Sort) -> Callable[[Iterable[Row]], list[Row]]:
    """Return a function that sorts rows."""
    # The text of times in PostgreSQL sorts like the times, with 'infinity' last; the text of numbers does not.
    value: Callable[[str], Any] = Decimal if isinstance(sort.column.type, Numeric) else str
    return partial(sorted, key=lambda row: (value(row["_sort"]), row["_id"]), reverse=sort.descending)


async def linked_counts(
    db: AsyncConnection, viewer: Viewer, refs: Sequence[Ref], link: EntityLink, where: Iterable[tuple[str, Any]]
) -> Mapping[Ref, int]:
    """Return the number of targets of each source; counting ends at ``COUNT_CAP`` + 1."""
    request = PageRequest(0, where=tuple(where))
    name = "linked counts", link, compiled.kind_of(viewer), request.shape
    inputs = compiled.inputs_of(viewer) | lookup.ref_inputs(refs) | request.inputs
    rows = await compiled.fetch(db, name, inputs, partial(_counts_statement, link, viewer, request))
    return {(row["system"], row["ref"]): row["n"] for row in rows}


def _counts_statement(link: EntityLink, viewer: Viewer, request: PageRequest, inputs: Inputs) -> Select[Any]:
    template = compiled.viewer_with(viewer, inputs)
    (key,) = link.keys
    source = _sources(link, key, template, inputs)
    where = link.target.where(template, request.with_inputs(inputs).where)
    numbers = link.target.kept_numbers(template, (key, *(name for name, _ in request.where)))
    if numbers is not None:
        number = kept_counts.total(numbers, COUNT_CAP + 1)
        inner = _targets(link, key, template, source, [number]).where(where).add_cte(numbers).lateral("counted")
        return select(source.c.system, source.c.ref, inner.c.n).select_from(source.join(inner, true()))
    id_ = [link.target.id.label("id")]
    if isinstance(link.source.keys[key], KeyTable):
        # Only a key in a separate table can have several values, by which one target could be found twice.
        values = select(source.c.system, source.c.ref, func.array_agg(source.c.value).label("value"))
        source = values.group_by(source.c.system, source.c.ref).cte("sources")
        rows = _targets(link, key, template, source, id_, of_any=True).where(where).distinct()
    else:
        rows = _targets(link, key, template, source, id_).where(where)
        if not request.where:
            # In the order of an index, so that PostgreSQL does not first find all rows of which it counts the first.
            rows = rows.order_by(*_link_sort(link, key, request.order)[1].clauses)
    inner = select(func.count().label("n")).select_from(rows.limit(COUNT_CAP + 1).subquery()).lateral("counted")
    return select(source.c.system, source.c.ref, inner.c.n).select_from(source.join(inner, true()))


def _known_sources(link: EntityLink, key: str, inputs: Inputs) -> Any:
    """Return a table (known, value) with the values of the key that are known, or that rows with known ids have."""
    source = link.source.keys[key]
    array = ARRAY(link.source.id.type if isinstance(source, KeyTable) else source.type)
    # In a sub-select, so that PostgreSQL does not count the values: for few, it would make a plan for each call.
    known = func.unnest(select(cast(literal(list(inputs["known"]), array), array)).scalar_subquery())
    requested = known.table_valued("known", name="requested").render_derived()
    if not isinstance(source, KeyTable):
        return select(requested.c.known, requested.c.known.label("value")).cte("source")
    assert source.owner is not None
    values = select(requested.c.known, source.table.c.value).join(source.table, source.owner == requested.c.known)
    return values.where(source.table.c.name == key, source.where).cte("source")


def _sources(link: EntityLink, key: str, viewer: Viewer, inputs: Inputs) -> Any:
    """Return a CTE (system, ref, value) with the key's values of the source rows that the viewer may see."""
    value, source, allowed = link.source.key_source(viewer, key)
    requested = refs_table(lookup.refs_of(inputs))
    if link.source.representative:
        # All rows of one reference have the same value: one visible row is enough.
        rows = select(value.label("value")).where(allowed, matches_refs(link.source, requested))
        lateral = first_row(rows, link.source.representative).correlate(requested).lateral("named")
        return (
            select(requested.c.system, requested.c.ref, lateral.c.value)
            .select_from(requested.join(lateral, true()))
            .cte("source")
        )
    return (
        select(requested.c.system, requested.c.ref, value.label("value"))
        .select_from(requested.join(source, matches_refs(link.source, requested)))
        .where(allowed, value.is_not(None))
        .distinct()
        .cte("source")
    )


def _targets(
    link: EntityLink,
    key: str,
    viewer: Viewer,
    source: Any,
    columns: Sequence[ColumnElement[Any]],
    *,
    of_any: bool = False,
) -> Select[Any]:
    """Return the visible target rows with the source row's value, or with any of its values, for a lateral join."""
    value, target, allowed = link.target.key_source(viewer, key)
    shared = value == (func.any(source.c.value) if of_any else source.c.value)
    return select(*columns).select_from(target).where(allowed, shared).correlate(source)


def _link_sort(link: EntityLink, key: str, order: str) -> tuple[str, Sort]:
    """Return the order of a link: that of the key table if it has an index for it, so that no sort is needed."""
    chosen, sort = link.target.order(order)
    key_source = link.target.keys[key]
    return chosen, key_source.sorts.get(chosen, sort) if isinstance(key_source, KeyTable) else sort
