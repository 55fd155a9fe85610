"""Figures of how complaints were answered: along months, and by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.pages.charts.axes import Axis
from hub.pages.charts.bars import Bar, bars
from hub.pages.charts.columns import Column, columns, key
from hub.pages.charts.lines import Line, lines
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.formats import DAY
from hub.pages.reader import Reader

Numbers = Mapping[str, Any]
"""``AnswerFigures`` of the graph."""

SHOWN = 10
"""How many groups a chart shows; the table has all of them."""


def kept_share(numbers: Numbers) -> float | None:
    """Return the share of deadlines that were kept, of those that have passed or were met; None without any."""
    return numbers["inTime"] / numbers["due"] if numbers["due"] else None


def answer_columns(reader: Reader, first: TableColumn) -> list[TableColumn]:
    """Return the columns of a table of answers, after the ``first`` one."""
    kinds = {
        "received": "number",
        "answered": "number",
        "due": "number",
        "in_time": "number",
        "share_in_time": "percent",
        "median_days": "days",
        "p90_days": "days",
    }
    return [first, *(TableColumn(name, reader.t(f"column.{name}"), kind) for name, kind in kinds.items())]


def answer_values(label: str | None, numbers: Numbers) -> list[str | float | None]:
    """Return a row of the table; times are in days."""
    share = kept_share(numbers)
    return [
        label,
        *(numbers[name] for name in ("received", "answered", "due", "inTime")),
        None if share is None else round(share, 4),
        *(numbers[name] and round(numbers[name] / DAY, 2) for name in ("medianSeconds", "p90Seconds")),
    ]


def months_figure(reader: Reader, months: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the complaints of each month: how many came in, and how many of them are answered."""
    first = TableColumn("month", reader.t("column.month"))
    rows = [Row(answer_values(each["month"], each["figures"])) for each in months]
    labels = reader.month_labels([each["month"] for each in months])
    shown = [_column(reader, each, label) for each, label in zip(months, labels, strict=True)]
    counts = {each["month"]: each["figures"]["received"] or 0 for each in months}
    headline = reader.t("months.none")
    if any(counts.values()):
        peak = max(counts, key=lambda month: counts[month])
        headline = reader.t("months.headline", month=reader.month(peak), n=counts[peak])
    axis = Axis(reader.t("unit.complaints"), reader.number)
    legend = [(key(1), reader.t("series.answered")), (key(2), reader.t("series.open"))]
    table = DataTable(answer_columns(reader, first), rows)
    return Figure("months", headline, reader.t("months.note"), table, columns(shown, axis, headline), legend)


def _column(reader: Reader, month: Mapping[str, Any], label: tuple[str, str]) -> Column:
    numbers, name = month["figures"], reader.month(month["month"])
    if numbers["received"] is None:
        return Column(label, f"{name}: {reader.t('suppressed.short')}", (None,))
    received, answered = reader.number(numbers["received"]), reader.number(numbers["answered"])
    title = f"{name}: {reader.t('months.title', received=received, answered=answered)}"
    return Column(label, title, (numbers["answered"], numbers["received"] - numbers["answered"]))


def times_figure(reader: Reader, months: Sequence[Mapping[str, Any]], all_: Numbers) -> Figure:
    """Return how long answers took, by the month in which the complaints came in: the median and the slowest tenth."""
    labels = reader.month_labels([each["month"] for each in months])
    items = []
    for name, field in (("median", "medianSeconds"), ("p90", "p90Seconds")):
        values = [None if each["figures"][field] is None else each["figures"][field] / DAY for each in months]
        titles = [f"{reader.month(each['month'])}: {reader.days(each['figures'][field])}" for each in months]
        items.append(Line(reader.t(f"series.{name}"), values, titles))
    headline = reader.t("times.none")
    if all_["medianSeconds"] is not None:
        median, p90 = reader.days(all_["medianSeconds"]), reader.days(all_["p90Seconds"])
        headline = reader.t("times.headline", median=median, p90=p90)
    first = TableColumn("month", reader.t("column.month"))
    times = [TableColumn(name, reader.t(f"column.{name}"), "days") for name in ("median_days", "p90_days")]
    rows = [Row([each["month"], *answer_values("", each["figures"])[-2:]]) for each in months]
    chart = lines(items, labels, Axis(reader.t("unit.days_axis"), lambda value: reader.number(value)), headline)
    return Figure("times", headline, reader.t("times.note"), DataTable([first, *times], rows), chart)


def groups_figure(reader: Reader, name: str, totals: Sequence[Mapping[str, Any]], page: str | None = None) -> Figure:
    """Return the complaints by group, the largest first; ``page`` is the page that a group's key leads to."""
    # Complaints without the group are last: they say how much is not known, and are no finding.
    ordered = sorted(totals, key=lambda each: (each["key"] is None, -(each["figures"]["received"] or 0)))
    labelled = [(each, each["label"] or reader.t("group.none")) for each in ordered]
    urls = {id(each): reader.url(page, code=each["key"]) if page and each["key"] else None for each in ordered}
    items = [
        Bar(label, each["figures"]["received"], reader.number(each["figures"]["received"]), urls[id(each)])
        for each, label in [*labelled[:SHOWN], *(pair for pair in labelled[SHOWN:] if pair[0]["key"] is None)]
        if each["figures"]["received"]
    ]
    total = sum(each["figures"]["received"] or 0 for each in totals)
    headline = reader.t(f"{name}.none")
    if items and total:
        top = reader.percent((items[0].value or 0) / total)
        headline = reader.t(f"{name}.headline", label=items[0].label, share=top)
    rows = [Row(answer_values(label, each["figures"]), urls[id(each)]) for each, label in labelled]
    table = DataTable(answer_columns(reader, TableColumn("group", reader.t(f"column.{name}"))), rows)
    note = reader.t(f"{name}.note")
    return Figure(name, headline, note, table, bars(items, headline))
