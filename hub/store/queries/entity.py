"""Entities: the declarations from which every query of the graph is built.

An entity is a set of rows. It declares the public reference of a row (such as a ticket or an external id), the
condition for the rows that a viewer may see, the orders in which it can be listed, its filters, and where its keys are
stored: in a column, or in a separate table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, and_, false, func, null, true

from hub.store.arrays import any_of
from hub.store.queries.kept_counts import KeptCounts
from hub.viewer import Viewer

Row = Mapping[Any, Any]
"""A row as its viewer may see it."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One order: a column, the row id that makes the order total, and whether it is descending.

    ``implied`` has conditions on the column that follow from filters, by the filter's name. With one, PostgreSQL begins
    at the first row that can match, where it would read and discard all before it.
    """

    column: ColumnElement[Any]
    id: ColumnElement[Any]
    descending: bool = True
    implied: Mapping[str, Callable[[Any], ColumnElement[bool]]] = field(default_factory=dict)

    @property
    def clauses(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The arguments of ``order_by``."""
        if self.descending:
            return self.column.desc(), self.id.desc()
        return self.column.asc(), self.id.asc()

    def implied_by(self, filters: Iterable[tuple[str, Any]]) -> list[ColumnElement[bool]]:
        """Return the conditions that follow from filters with their values."""
        return [self.implied[name](value) for name, value in filters if name in self.implied]

    @property
    def reversed(self) -> Sort:
        """The same order from its other end."""
        return replace(self, descending=not self.descending)


@dataclass(frozen=True, slots=True)
class KeyTable:
    """A key that is stored in a separate table, whose rows have the owner, the name and the value."""

    table: FromClause
    on: ColumnElement[bool]
    """The condition that joins ``table`` to the entity."""
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    """Orders by which the table itself is indexed; each is used instead of the entity's order of that name."""
    where: ColumnElement[bool] = field(default_factory=true)
    """A condition that selects the entity's keys among others in the table."""
    owner: ColumnElement[Any] | None = None
    """The column with the id of the owner, if ``on`` compares nothing else."""


def one_of(column: ColumnElement[Any]) -> Callable[[Sequence[Any]], ColumnElement[bool]]:
    """Return a filter for the rows whose ``column`` has one of some values, bound as one array.

    A single value is compared directly, so that an index that begins with the column can provide the order.
    """

    def condition(values: Sequence[Any]) -> ColumnElement[bool]:
        comparison: ColumnElement[bool] = column == values[0] if len(values) == 1 else any_of(column, values)
        return comparison

    return condition


KeySource = ColumnElement[Any] | KeyTable
Guard = Callable[[Viewer], ColumnElement[bool]]


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """One entity. ``system`` and ``ref`` are the public reference of a row; ``id`` is its internal id."""

    name: str
    table: FromClause
    id: ColumnElement[int]
    system: ColumnElement[str]
    ref: ColumnElement[str]
    base: ColumnElement[bool]
    visible: Guard
    orders: Mapping[str, Sort]
    keys: Mapping[str, KeySource] = field(default_factory=dict)
    filters: Mapping[str, Callable[[Any], ColumnElement[bool]]] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    """The columns of the table that a row has; all by default."""
    extra: tuple[ColumnElement[Any], ...] = ()
    """Computed columns of every row."""
    optional: tuple[tuple[str, ...], ...] = ()
    """Groups of columns, each read only if one of its columns is needed. They are few, so that statements are."""
    key_guards: Mapping[str, Guard] = field(default_factory=dict)
    """For keys that disclose more than that a row is visible: the rows by whose key a viewer may follow a link."""
    least_detail: Mapping[Guard, int] = field(default_factory=dict)
    """For guards of keys that allow exactly the visible rows of a detail or more: that detail."""
    filter_guards: Mapping[str, Guard] = field(default_factory=dict)
    """For filters that disclose more than that a row is visible: the rows that a viewer may find by the filter."""
    viewer_filters: Mapping[str, Callable[[Viewer, Any], ColumnElement[bool]]] = field(default_factory=dict)
    """Filters that depend on the viewer."""
    indexed: Mapping[str, str] = field(default_factory=dict)
    """The name of an order for each filter whose rows an index has in that order."""
    detail: Callable[[Viewer], ColumnElement[int]] | None = None
    """The detail in which the viewer sees a row, if that differs between rows."""
    redact: Callable[[Row], Row] | None = None
    """Removes from a row what its detail does not include; None if it includes everything."""
    kept: KeptCounts | None = None
    """Numbers of its rows, from which they are counted where that is possible."""
    kind: str | None = None
    """The kind of its rows in the history of changes."""
    representative: Sort | None = None
    """For an entity with several rows of one reference: the first row in this order represents them."""

    def redacted(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows without what their details do not include."""
        return list(map(self.redact, rows) if self.redact else rows)

    def order(self, name: str) -> tuple[str, Sort]:
        """Return the name and the order called ``name``; the default order for ""."""
        chosen = name or next(iter(self.orders))
        return chosen, self.orders[chosen]

    def counting_order(self, filters: Iterable[str]) -> Sort | None:
        """Return the order in which an index has the rows that match ``filters``; None if there may be none.

        Counting in this order ends with the last row that is counted. In no order, PostgreSQL may first find all rows
        that match, or read a table from its start.
        """
        default = next(iter(self.orders))
        names = [self.indexed.get(name) for name in filters]
        return (
            None if None in names else self.orders[next((name for name in names if name and name != default), default)]
        )

    def kept_numbers(self, viewer: Viewer, names: Iterable[str]) -> CTE | None:
        """Return the numbers for a count by the filters and keys ``names``; None if the rows must be counted."""
        return self.kept.select(viewer, names) if self.kept else None

    def without(self, needed: Iterable[str]) -> frozenset[str]:
        """Return the optional columns that need not be read if only ``needed`` columns are."""
        names = frozenset(needed)
        return frozenset(name for group in self.optional if names.isdisjoint(group) for name in group)

    def columns(self, viewer: Viewer, without: frozenset[str] = frozenset()) -> list[ColumnElement[Any]]:
        """Return the columns of a row, with its detail, reference and id; those in ``without`` are null."""
        own = {name: self.table.c[name] for name in self.shown or self.table.c.keys()}
        named: dict[str, ColumnElement[Any]] = own | {column.name: column for column in self.extra}
        return [
            *(null().label(name) if name in without else column for name, column in named.items()),
            *([self.detail(viewer).label("_detail")] if self.detail else []),
            self.system.label("_system"),
            self.ref.label("_ref"),
            self.id.label("_id"),
        ]

    def allowed(self, viewer: Viewer) -> ColumnElement[bool]:
        """Return the condition for the rows that exist for ``viewer``."""
        return and_(self.base, self.visible(viewer))

    def where(self, viewer: Viewer, filters: Iterable[tuple[str, Any]]) -> ColumnElement[bool]:
        """Return the condition for the rows that match all ``filters`` and that ``viewer`` may find by them."""
        conditions = tuple(filters)
        guards = {self.filter_guards[name] for name, _ in conditions if name in self.filter_guards}
        return and_(
            true(),
            *(self._condition(viewer, name, value) for name, value in conditions),
            *(guard(viewer) for guard in guards),
        )

    def _condition(self, viewer: Viewer, name: str, value: Any) -> ColumnElement[bool]:
        by_viewer = self.viewer_filters.get(name)
        return by_viewer(viewer, value) if by_viewer else self.filters[name](value)

    def shown_value(self, key: str) -> str | None:
        """Return the name by which every row has the value of ``key``, or its own id if that leads to the values.

        None if not every row has it.
        """
        source = self.keys[key]
        if isinstance(source, KeyTable):
            return None if source.owner is None else "_id"
        named = {"_id": self.id, "_ref": self.ref, "_system": self.system}
        optional = {name for group in self.optional for name in group}
        columns = {name: self.table.c[name] for name in self.shown or self.table.c.keys() if name not in optional}
        return next((name for name, column in (named | columns).items() if column is source), None)

    def key_source(self, viewer: Viewer, key: str) -> tuple[ColumnElement[Any], FromClause, ColumnElement[bool]]:
        """Return the column of ``key``, the table to select it from, and the condition for the rows to use.

        These are the rows by whose key ``viewer`` may follow a link.
        """
        guard, source = self.key_guards.get(key), self.keys[key]
        visible = and_(self.visible(viewer), guard(viewer)) if guard else self.visible(viewer)
        if isinstance(source, KeyTable):
            # The key leads to the row. As an argument of a function, the condition cannot lead to it by an index, which
            # the planner may choose although it reads, for example, all payments to a merchant.
            condition = and_(self.base, func.coalesce(visible, false()), source.table.c.name == key, source.where)
            return source.table.c.value, self.table.join(source.table, source.on), condition
        return source, self.table, and_(self.base, visible)
