"""What an entity is, and what every statement that reads one is made of.

An entity is a set of rows with a reference outsiders know (a ticket, a system's id), a predicate
that says which of them a viewer may see, the orders it can be listed in, and how each of its keys
is held: in a column of its own, or in a table beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, true

from hub.viewer import Viewer

Row = Mapping[Any, Any]
"""A row as its viewer is told it."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One order: a column, whether the greatest comes first, and the row id that tells equals apart."""

    column: ColumnElement[Any]
    id: ColumnElement[Any]
    descending: bool = True

    @property
    def by(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """For ``order_by``."""
        if self.descending:
            return self.column.desc(), self.id.desc()
        return self.column.asc(), self.id.asc()


@dataclass(frozen=True, slots=True)
class Beside:
    """A key held in a table beside the entity's own: its rows name the owner, the key and the value."""

    table: FromClause
    owned: ColumnElement[bool]
    """Which row of the entity a row of ``table`` belongs to."""
    sort: Sort | None = None
    """An order the table itself is indexed in, with its own row id; it stands for the entity's order of that column."""
    sorts_as: str = ""
    limit: ColumnElement[bool] = field(default_factory=true)
    """What else tells the entity's keys from others in the table."""


Held = ColumnElement[str] | Beside
Guard = Callable[[Viewer], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Entity:
    """One listable thing. ``system`` and ``ref`` together name a row for outsiders; ``id`` tells rows apart."""

    name: str
    table: FromClause
    id: ColumnElement[int]
    system: ColumnElement[str]
    ref: ColumnElement[str]
    base: ColumnElement[bool]
    visible: Guard
    orders: Mapping[str, Sort]
    keys: Mapping[str, Held] = field(default_factory=dict)
    filters: Mapping[str, Callable[[Any], ColumnElement[bool]]] = field(default_factory=dict)
    extra: tuple[ColumnElement[Any], ...] = ()
    """Computed columns that come with every row."""
    key_guards: Mapping[str, Guard] = field(default_factory=dict)
    """For keys that tell more of a row than it being visible: the rows whose key a viewer may follow."""
    filter_guards: Mapping[str, Guard] = field(default_factory=dict)
    """The same for filters: the rows a viewer may find by them."""
    depth: Callable[[Viewer], ColumnElement[int]] | None = None
    """How much of a row the viewer is told, where that differs from row to row."""
    told: Callable[[Row], Row] = lambda row: row
    """A row without what its depth does not tell."""
    named_by: Sort | None = None
    """For an entity of which several rows have one reference: the row that comes first in this order names it."""

    def order(self, name: str) -> tuple[str, Sort]:
        """The order called ``name``, or the first one for "", with its name."""
        chosen = name or next(iter(self.orders))
        return chosen, self.orders[chosen]

    def columns(self, viewer: Viewer) -> list[ColumnElement[Any]]:
        """All that a row tells, and what says which row it is."""
        return [
            *self.table.c,
            *self.extra,
            *([self.depth(viewer).label("_depth")] if self.depth else []),
            self.system.label("_system"),
            self.ref.label("_ref"),
            self.id.label("_id"),
        ]

    def allowed(self, viewer: Viewer) -> ColumnElement[bool]:
        """The rows there are for ``viewer``."""
        return and_(self.base, self.visible(viewer))

    def where(self, viewer: Viewer, asked: Iterable[tuple[str, Any]]) -> ColumnElement[bool]:
        """The rows that all filters ``asked`` for hold of, among those ``viewer`` may find by them."""
        given = tuple(asked)
        guards = {self.filter_guards[name] for name, _ in given if name in self.filter_guards}
        return and_(true(), *(self.filters[name](value) for name, value in given), *(guard(viewer) for guard in guards))

    def held(self, viewer: Viewer, key: str) -> tuple[ColumnElement[str], FromClause, ColumnElement[bool]]:
        """Where the values of ``key`` are, what to select them from, and of which rows ``viewer`` may be told them."""
        guard, held = self.key_guards.get(key), self.keys[key]
        allowed = and_(self.allowed(viewer), guard(viewer)) if guard else self.allowed(viewer)
        if isinstance(held, Beside):
            named = and_(allowed, held.table.c.name == key, held.limit)
            return held.table.c.value, self.table.join(held.table, held.owned), named
        return held, self.table, allowed
