"""Counts of the rows of an entity from numbers that triggers keep, so that they do not grow with the rows.

The numbers have the form of the rows and the name of their table: conditions for the rows are conditions for them. They
are not broken down by every column: a count by another one, or for a viewer whose rule needs another one, counts rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import CTE, BigInteger, ColumnElement, cast, column, func, literal_column, text

from hub.viewer import Viewer


@dataclass(frozen=True, slots=True, eq=False)
class KeptCounts:
    """The numbers of the rows of ``table``. ``form`` returns their SELECT statement for a breakdown.

    ``always`` names the filters and keys whose columns every breakdown has; ``by`` has the breakdown of others by name.
    ``all`` is that for a count without others.
    """

    table: str
    form: Callable[[str], str]
    always: frozenset[str]
    by: Mapping[str, str]
    all: str = "all"
    covers: Callable[[Viewer], bool] = lambda _: True
    """Whether the columns that the numbers have are all that the visibility of a row depends on."""

    def select(self, viewer: Viewer, names: Iterable[str]) -> CTE | None:
        """Return the numbers for a count by the filters and keys ``names``; None if the rows must be counted."""
        others = frozenset(names) - self.always
        if not others <= self.by.keys() or not self.covers(viewer):
            return None
        breakdowns = {self.by[name] for name in others} or {self.all}
        return self._of(*breakdowns) if len(breakdowns) == 1 else None

    def _of(self, breakdown: str) -> CTE:
        return text(self.form(breakdown)).columns(column("number", BigInteger)).cte(self.table, nesting=True)


def total(numbers: CTE, most: int) -> ColumnElement[int]:
    """Return the sum of what ``KeptCounts.select`` returned, ``most`` at most."""
    number = literal_column(f"{numbers.name}.number", BigInteger)
    return cast(func.least(func.coalesce(func.sum(number), 0), most), BigInteger).label("n")
