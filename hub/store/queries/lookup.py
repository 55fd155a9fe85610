"""Looks up rows by their reference or by the value of a key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, String, and_, cast, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import compiled
from hub.store.queries.compiled import Inputs
from hub.store.queries.entity import Entity, Row, Sort, one_of
from hub.viewer import Viewer

Ref = tuple[str, str]
"""(system, reference): the public reference of a row."""


def is_storable_text(text: str) -> bool:
    """Return whether PostgreSQL can compare a column with ``text``, which must not contain NUL."""
    return "\0" not in text


async def by_refs(db: AsyncConnection, entity: Entity, viewer: Viewer, refs: Sequence[Ref]) -> dict[Ref, Row]:
    """Return the visible rows with these references."""

    def build(inputs: Inputs) -> Select[Any]:
        template, requested = compiled.viewer_with(viewer, inputs), refs_table(refs_of(inputs))
        rows = select(*entity.columns(template)).where(entity.allowed(template), matches_refs(entity, requested))
        if entity.representative:
            lateral = first_row(rows, entity.representative).correlate(requested).lateral("named")
            return select(*lateral.c).select_from(requested.join(lateral, true()))
        return rows.select_from(requested.join(entity.table, true()))

    name = "by refs", entity, compiled.kind_of(viewer)
    matches = await compiled.fetch(db, name, compiled.inputs_of(viewer) | ref_inputs(refs), build)
    return {(row["_system"], row["_ref"]): row for row in entity.redacted(matches)}


async def by_key(
    db: AsyncConnection, entity: Entity, viewer: Viewer, key: str, values: Sequence[str]
) -> dict[str, Row]:
    """Return the visible rows whose ``key`` has one of ``values``; the latest if several have it."""

    def build(inputs: Inputs) -> Select[Any]:
        template = compiled.viewer_with(viewer, inputs)
        value, source, allowed = entity.key_source(template, key)
        return (
            select(*entity.columns(template), value.label("_value"))
            .select_from(source)
            .where(allowed, one_of(value)(inputs["values"]))
            .order_by(entity.id)
        )

    name = "by key", entity, key, compiled.kind_of(viewer)
    inputs = {**compiled.inputs_of(viewer), "values": tuple(filter(is_storable_text, values))}
    return {row["_value"]: row for row in entity.redacted(await compiled.fetch(db, name, inputs, build))}


def ref_inputs(refs: Iterable[Ref]) -> dict[str, Any]:
    """Return ``refs`` as inputs of a statement, without those that PostgreSQL cannot compare."""
    storable = [(system, ref) for system, ref in refs if is_storable_text(system) and is_storable_text(ref)]
    return {"refs.system": tuple(system for system, _ in storable), "refs.ref": tuple(ref for _, ref in storable)}


def refs_of(inputs: Inputs) -> list[Ref]:
    """Return the references from the inputs of a statement."""
    return list(zip(inputs["refs.system"], inputs["refs.ref"], strict=True))


def refs_table(refs: Sequence[Ref]) -> Any:
    """Return ``refs`` as a table (system, ref) for a join."""
    systems, names = [system for system, _ in refs], [ref for _, ref in refs]
    return (
        func.unnest(
            cast(literal(systems, ARRAY(String)), ARRAY(String)), cast(literal(names, ARRAY(String)), ARRAY(String))
        )
        .table_valued("system", "ref", name="requested")
        .render_derived()
    )


def matches_refs(entity: Entity, requested: Any) -> ColumnElement[bool]:
    """Return the condition for the rows of ``entity`` whose reference is in ``requested``."""
    return and_(entity.system == requested.c.system, entity.ref == requested.c.ref)


def first_row(rows: Select[Any], sort: Sort) -> Select[Any]:
    """Return the first row in this order."""
    return rows.order_by(*sort.clauses).limit(1)
