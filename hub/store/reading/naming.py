"""Rows by what they are called: by their reference, or by the value of a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, String, and_, cast, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.reading.entity import Entity, Row, Sort
from hub.viewer import Viewer

Ref = tuple[str, str]
"""(system, reference): how outsiders name a row."""


def nameable(text: str) -> bool:
    """Whether a row can be called ``text``: PostgreSQL refuses to compare anything with a NUL."""
    return "\0" not in text


async def by_refs(connection: AsyncConnection, entity: Entity, viewer: Viewer, refs: Sequence[Ref]) -> dict[Ref, Row]:
    """The visible rows among ``refs``."""
    given = given_as_rows(refs)
    rows = select(*entity.columns(viewer)).where(entity.allowed(viewer), named(entity, given))
    if entity.named_by:
        lateral = first(rows, entity.named_by).correlate(given).lateral("named")
        statement = select(*lateral.c).select_from(given.join(lateral, true()))
    else:
        statement = rows.select_from(given.join(entity.table, true()))
    found = (await connection.execute(statement)).mappings()
    return {(row["_system"], row["_ref"]): entity.told(row) for row in found}


async def by_key(
    connection: AsyncConnection, entity: Entity, viewer: Viewer, key: str, values: Sequence[str]
) -> dict[str, Row]:
    """The visible rows that hold one of ``values`` under ``key``; the latest where several do."""
    value, source, allowed = entity.held(viewer, key)
    statement = (
        select(*entity.columns(viewer), value.label("_value"))
        .select_from(source)
        .where(allowed, value.in_(filter(nameable, values)))
        .order_by(entity.id)
    )
    return {row["_value"]: entity.told(row) for row in (await connection.execute(statement)).mappings()}


def given_as_rows(refs: Sequence[Ref]) -> Any:
    """``refs`` as a table (system, ref) for a statement to join."""
    sound = [(system, ref) for system, ref in refs if nameable(system) and nameable(ref)]
    systems, names = [system for system, _ in sound], [ref for _, ref in sound]
    return (
        func.unnest(
            cast(literal(systems, ARRAY(String)), ARRAY(String)), cast(literal(names, ARRAY(String)), ARRAY(String))
        )
        .table_valued("system", "ref", name="given")
        .render_derived()
    )


def named(entity: Entity, given: Any) -> ColumnElement[bool]:
    """The rows of ``entity`` called by a row of ``given``."""
    return and_(entity.system == given.c.system, entity.ref == given.c.ref)


def first(rows: Select[Any], sort: Sort) -> Select[Any]:
    """The one that comes first."""
    return rows.order_by(*sort.by).limit(1)
