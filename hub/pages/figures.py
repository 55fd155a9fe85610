"""A figure of a page: a finding, its chart, and the same numbers as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from hub.pages import formats

Value = str | int | float | None

FORMATS: dict[str, Callable[[float | None, str], str]] = {
    "number": formats.number,
    "percent": formats.percent,
    "days": lambda value, language: formats.number(value, language, 1),
    "duration": formats.duration,
    "rupiah": formats.rupiah,
}
DATATYPES = {"number": "integer", "percent": "decimal", "days": "decimal", "duration": "decimal", "rupiah": "decimal"}
"""The type of a column's values in CSV on the Web; a column of text has ``string``, one of times ``dateTime``."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its name for programs, its label for people, and the kind of its values, ``text`` by default."""

    name: str
    label: str
    kind: str = "text"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in FORMATS

    @property
    def datatype(self) -> str:
        """The type of its values in CSV on the Web."""
        return "dateTime" if self.kind == "moment" else DATATYPES.get(self.kind, "string")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of plain values, with the address that its first cell leads to."""

    values: Sequence[Value]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class DataTable:
    """The numbers of a figure. A number of None is suppressed or unknown."""

    columns: Sequence[TableColumn]
    rows: Sequence[Row]

    def cells(self, row: Row, language: str) -> list[str]:
        """Return the cells of a row as people read them."""
        return [_shown(value, column, language) for value, column in zip(row.values, self.columns, strict=True)]

    def csv(self) -> str:
        """Return the table as CSV (RFC 4180), with plain numbers; an empty cell is a number that is not shown."""
        written = io.StringIO(newline="")
        writer = csv.writer(written)
        writer.writerow([column.name for column in self.columns])
        writer.writerows([["" if value is None else value for value in row.values] for row in self.rows])
        return written.getvalue()

    def objects(self) -> list[dict[str, Value]]:
        """Return each row as an object for JSON."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row.values, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: ``name`` for its address, ``headline`` says the finding, ``note`` how it is counted."""

    name: str
    headline: str
    note: str
    table: DataTable
    chart: Markup | None = None
    legend: Sequence[tuple[Markup, str]] = field(default=())


def _shown(value: Value, column: TableColumn, language: str) -> str:
    if column.kind == "moment":
        return formats.moment(str(value) if value is not None else None, language)
    if column.is_number:
        return FORMATS[column.kind](None if value is None else float(value), language)
    return formats.NOTHING if value is None else str(value)
