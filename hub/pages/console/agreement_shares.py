"""The figure of the share that agrees, day by day: a line for each pair, and a table that also has their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.pages.charts.axes import Axis
from hub.pages.charts.lines import Line, lines
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.reader import Reader

Day = Mapping[str, Any]
FIGURES = ("matters", "agreed", "shareAgreed")
LINES = 4
"""At most so many pairs have a line, those with the most matters."""


def shares_figure(reader: Reader, days: Sequence[Day]) -> list[Figure]:
    """Return the figure; none before anything was recorded."""
    whole = [each for each in days if each["field"] is None]
    if not whole:
        return []
    by_day: dict[str, dict[str, Day]] = {}
    for each in whole:
        by_day.setdefault(each["day"], {})[each["pair"]] = each
    day, latest = max(by_day.items())
    matters, agreed = (sum(each[name] for each in latest.values()) for name in ("matters", "agreed"))
    headline = reader.t(
        "console_agreement.shares_headline", share=reader.percent(agreed / matters), day=reader.date(day)
    )
    chosen = sorted(latest.values(), key=lambda each: -each["matters"])[:LINES]
    items = [_line(reader, pair, by_day) for pair in chosen]
    step = max(len(by_day) // 6, 1)
    labels = [(reader.short_date(each) if index % step == 0 else "", "") for index, each in enumerate(by_day)]
    axis = Axis(reader.t("console_agreement.share_axis"), reader.number)
    chart = lines(items, labels, axis, headline, maximum=100)
    return [Figure("shares", headline, reader.t("console_agreement.shares_note"), _table(reader, days), chart)]


def _line(reader: Reader, pair: Day, by_day: Mapping[str, Mapping[str, Day]]) -> Line:
    found = [of_day.get(pair["pair"]) for of_day in by_day.values()]
    values = [each["shareAgreed"] * 100 if each else None for each in found]
    titles = [f"{reader.date(each['day'])}: {reader.percent(each['shareAgreed'])}" if each else "" for each in found]
    return Line(pair["pairLabel"], values, titles)


def _table(reader: Reader, days: Sequence[Day]) -> DataTable:
    """Return the table, the latest day first."""
    columns = [
        TableColumn("day", reader.t("column.day")),
        TableColumn("pair", reader.t("console_agreement.pairs")),
        TableColumn("field", reader.t("console_agreement.fields")),
        TableColumn("matters", reader.t("column.matters"), "number"),
        TableColumn("agreed", reader.t("column.agreed"), "number"),
        TableColumn("share_agreed", reader.t("column.share_agreed"), "percent"),
    ]
    ordered = sorted(days, key=lambda each: each["day"], reverse=True)
    return DataTable(
        columns,
        [
            Row([each["day"], each["pairLabel"], each["fieldLabel"] or "", *(each[name] for name in FIGURES)])
            for each in ordered
        ],
    )
