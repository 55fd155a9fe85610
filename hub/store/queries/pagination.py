"""Keyset pagination and counts of the rows that a viewer may see; see ``hub.store.queries.cursors``."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Select, String, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import compiled, cursors, kept_counts
from hub.store.queries.compiled import Inputs
from hub.store.queries.cursors import Position
from hub.store.queries.entity import Entity, Row, Sort
from hub.viewer import Viewer

COUNT_CAP = 10_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page of a list: the first ``size`` rows between two positions, in ``order``, that match ``where``.

    ``backward``: the last ``size`` rows, still in that order.
    """

    size: int
    after: Position | None = None
    order: str = ""
    where: tuple[tuple[str, Any], ...] = ()
    """Pairs of the name of an entity's filter and its value."""
    before: Position | None = None
    backward: bool = False
    without: frozenset[str] = frozenset()
    """Columns that need not be read."""

    def read_order(self, sort: Sort) -> Sort:
        """Return the order in which the rows are read."""
        return sort.reversed if self.backward else sort

    @property
    def shape(self) -> Hashable:
        """What a statement for it depends on, besides its inputs."""
        return self.size, self.order, self.backward, self.without, tuple(name for name, _ in self.where)

    @property
    def inputs(self) -> dict[str, Any]:
        """The values that are parameters of the statement."""
        ends = {"after": self.after, "before": self.before}
        positions = {f"{end}.{name}": value for end, at in ends.items() if at for name, value in at._asdict().items()}
        return {f"where.{name}": value for name, value in self.where} | positions

    def with_inputs(self, inputs: Inputs) -> PageRequest:
        """Return the same request with the values from ``inputs``."""
        return replace(
            self,
            where=tuple((name, inputs[f"where.{name}"]) for name, _ in self.where),
            after=self.after and Position(inputs["after.value"], inputs["after.row_id"]),
            before=self.before and Position(inputs["before.value"], inputs["before.row_id"]),
        )


class RowPage(NamedTuple):
    """One page of rows in an order; ``more``: there are more in the direction that was read by ``read_by``."""

    rows: Sequence[Row]
    order: str
    more: bool
    read_by: AsyncConnection | None = None

    def cursor(self, index: int) -> str:
        """Return the cursor of a row."""
        row = self.rows[index]
        return cursors.encode(self.order, row["_sort"], row["_id"])


async def page(db: AsyncConnection, entity: Entity, viewer: Viewer, request: PageRequest) -> RowPage:
    """Return one page of the rows of ``entity`` that ``viewer`` may see."""
    order, sort = entity.order(request.order)

    def build(inputs: Inputs) -> Select[Any]:
        template = compiled.viewer_with(viewer, inputs)
        statement = select(*entity.columns(template, request.without)).where(entity.allowed(template))
        return page_statement(statement, entity, template, request.with_inputs(inputs), sort)

    name = "page", entity, compiled.kind_of(viewer), request.shape
    inputs = compiled.inputs_of(viewer) | request.inputs
    found = await compiled.fetch(db, name, inputs, build, constants_in_text=False)
    return to_page(db, entity, found, request, order)


async def count(db: AsyncConnection, entity: Entity, viewer: Viewer, where: Iterable[tuple[str, Any]]) -> int:
    """Return the number of visible rows that match ``where``; counting ends at ``COUNT_CAP`` + 1."""
    request = PageRequest(0, where=tuple(where))

    def build(inputs: Inputs) -> Select[Any]:
        template = compiled.viewer_with(viewer, inputs)
        matching = entity.allowed(template), entity.where(template, request.with_inputs(inputs).where)
        numbers = entity.kept_numbers(template, (name for name, _ in request.where))
        if numbers is not None:
            number = kept_counts.total(numbers, COUNT_CAP + 1)
            return select(number).select_from(entity.table).add_cte(numbers).where(*matching)
        rows = select(literal(1)).select_from(entity.table).where(*matching)
        sort = entity.counting_order(name for name, _ in request.where)
        ordered = rows.order_by(*sort.clauses) if sort else rows
        return select(func.count().label("n")).select_from(ordered.limit(COUNT_CAP + 1).subquery())

    name = "count", entity, compiled.kind_of(viewer), request.shape
    inputs = compiled.inputs_of(viewer) | request.inputs
    (found,) = await compiled.fetch(db, name, inputs, build, constants_in_text=False)
    return int(found["n"])


def page_statement(
    statement: Select[Any], entity: Entity, viewer: Viewer, request: PageRequest, sort: Sort
) -> Select[Any]:
    """Return the statement for a page and one more row, with the sort value of each as ``_sort``."""
    return (
        # As text, because a time in PostgreSQL can be infinite and one in Python cannot.
        statement.add_columns(cast(sort.column, String).label("_sort"))
        .where(
            entity.where(viewer, request.where),
            *sort.implied_by(request.where),
            cursors.after(sort, request.after),
            cursors.after(sort.reversed, request.before),
        )
        .order_by(*request.read_order(sort).clauses)
        .limit(request.size + 1)
    )


def to_page(db: AsyncConnection, entity: Entity, found: Sequence[Row], request: PageRequest, order: str) -> RowPage:
    """Return the page of the rows that ``page_statement`` found."""
    rows = entity.redacted(found[: request.size])
    if request.backward:
        rows.reverse()
    return RowPage(rows, order, len(found) > request.size, db)
