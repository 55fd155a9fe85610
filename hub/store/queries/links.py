"""Links: rows of two entities that share the value of a key. Visibility applies on both sides of a link.

The number of statements does not depend on the number of rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import compiled, lookup
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
    found: dict[Ref, dict[Any, Row]] = defaultdict(dict)
    order, sort = link.target.order(request.order)
    for key in link.keys:
        order, sort = _link_sort(link, key, request.order)
        name = "linked", link, key, compiled.kind_of(viewer), request.shape
        inputs = compiled.inputs_of(viewer) | lookup.ref_inputs(refs) | request.inputs
        build = partial(_linked_statement, link, key, viewer, request, sort)
        for row in await compiled.fetch(db, name, inputs, build):
            found[row["_from_system"], row["_from_ref"]].setdefault(row["_id"], row)
    return {
        ref: to_page(link.target, _sorted(rows.values(), request.read_order(sort)), request, order)
        for ref, rows in found.items()
    }


def _linked_statement(
    link: EntityLink, key: str, viewer: Viewer, request: PageRequest, sort: Sort, inputs: Inputs
) -> Select[Any]:
    template = compiled.viewer_with(viewer, inputs)
    source = _sources(link, key, template, lookup.refs_of(inputs))
    targets = _targets(link, key, template, source, link.target.columns(template, request.without))
    lateral = page_statement(targets, link.target, template, request.with_inputs(inputs), sort).lateral("target")
    statement = select(source.c.system.label("_from_system"), source.c.ref.label("_from_ref"), *lateral.c)
    return statement.select_from(source.join(lateral, true()))


def _sorted(rows: Iterable[Row], sort: Sort) -> list[Row]:
    # The text of times in PostgreSQL sorts like the times, with 'infinity' last; the text of numbers does not.
    number = isinstance(sort.column.type, Numeric)
    return sorted(
        rows, key=lambda row: (Decimal(row["_sort"]) if number else row["_sort"], row["_id"]), reverse=sort.descending
    )


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
    source = _sources(link, key, template, lookup.refs_of(inputs))
    where = link.target.where(template, request.with_inputs(inputs).where)
    id_ = [link.target.id.label("id")]
    if isinstance(link.source.keys[key], KeyTable):
        # Only a key in a separate table can have several values, by which one target could be found twice.
        values = select(source.c.system, source.c.ref, func.array_agg(source.c.value).label("value"))
        source = values.group_by(source.c.system, source.c.ref).cte("sources")
        rows = _targets(link, key, template, source, id_, of_any=True).where(where).distinct()
    else:
        rows = _targets(link, key, template, source, id_).where(where)
    inner = select(func.count().label("n")).select_from(rows.limit(COUNT_CAP + 1).subquery()).lateral("counted")
    return select(source.c.system, source.c.ref, inner.c.n).select_from(source.join(inner, true()))


def _sources(link: EntityLink, key: str, viewer: Viewer, refs: Sequence[Ref]) -> Any:
    """Return a CTE (system, ref, value) with the key's values of the source rows that the viewer may see."""
    value, source, allowed = link.source.key_source(viewer, key)
    requested = refs_table(refs)
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
