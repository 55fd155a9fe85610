"""Lists: pages by keyset, and counts, of what a viewer may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, String, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.reading import cursors
from hub.store.reading.entity import Entity, Row, Sort
from hub.viewer import Viewer

COUNT_CAP = 10_000


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


async def page(connection: AsyncConnection, entity: Entity, viewer: Viewer, part: Slice) -> Rows:
    """One page of what ``viewer`` may see of ``entity``."""
    order, sort = entity.order(part.order)
    statement = select(*entity.columns(viewer)).where(entity.allowed(viewer))
    found = (await connection.execute(sliced(statement, entity, viewer, part, sort, order))).mappings().all()
    return paged(entity, found, part, order)


async def count(connection: AsyncConnection, entity: Entity, viewer: Viewer, where: Iterable[tuple[str, Any]]) -> int:
    """How many rows; counting ends at ``COUNT_CAP`` + 1."""
    capped = select(literal(1)).select_from(entity.table).where(entity.allowed(viewer), entity.where(viewer, where))
    found = await connection.scalar(select(func.count()).select_from(capped.limit(COUNT_CAP + 1).subquery()))
    return int(found or 0)


def sliced(statement: Select[Any], entity: Entity, viewer: Viewer, part: Slice, sort: Sort, order: str) -> Select[Any]:
    """The rows of ``statement`` that ``part`` asks for and one more, each with where it stands."""
    return (
        # As text, since a time in PostgreSQL can be infinite and one in Python cannot.
        statement.add_columns(cast(sort.column, String).label("_sort"))
        .where(entity.where(viewer, part.where), cursors.after(sort, order, part.after))
        .order_by(*sort.by)
        .limit(part.first + 1)
    )


def paged(entity: Entity, found: Sequence[RowMapping], part: Slice, order: str) -> Rows:
    """What a statement from ``sliced`` found, as a page."""
    kept = [entity.told(row) for row in found[: part.first]]
    return Rows(kept, [cursors.encode(order, row["_sort"], row["_id"]) for row in kept], len(found) > part.first)
