"""The systems that the hub joins: whether they are up, how old their data is, and where two of them agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hub.pages.charts.bars import Bar, bars
from hub.pages.charts.heat_map import heat_map
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.formats import SHORT_MONTHS
from hub.pages.page import Content, Data, Params, PublicPage
from hub.pages.reader import Reader

Totals = Sequence[Mapping[str, Any]]
_KINDS = {
    "matters": "number",
    "agreed": "number",
    "share_agreed": "percent",
    "median_seconds": "duration",
    "oldest": "moment",
}


def build(data: Data, params: Params, reader: Reader) -> Content:
    """Return the state of each system, and the agreement by what two of them share."""
    systems = data["systems"]
    up = sum(each["state"] == "UP" for each in systems)
    figures = [_systems_figure(reader, systems, up)]
    names = {"pairs": "pairs", "causes": "causes", "agreeing": "agencies"}
    figures += [_agreement_figure(reader, name, data[field]) for name, field in names.items()]
    if any(each["key"] for each in data["days"]):
        figures.append(_days_figure(reader, data["days"]))
    known = [each for each in data["pairs"] if each["matters"]]
    matters, agreed = (sum(each[name] for each in known) for name in ("matters", "agreed"))
    values = {
        "systems": systems,
        "up": up,
        "share": agreed / matters if matters else None,
        "oldest": min((each["oldest"] for each in known if each["oldest"]), default=None),
    }
    return Content(reader.t("systems.title"), reader.t("systems.description"), values, figures)


def _systems_figure(reader: Reader, systems: Totals, up: int) -> Figure:
    kinds = {"owner": "text", "state": "text", "as_of": "moment", "down_since": "moment", "records": "number"}
    columns = [TableColumn("system", reader.t("column.system"))]
    columns += [TableColumn(name, reader.t(f"column.{name}"), kind) for name, kind in kinds.items()]
    names = ("title", "owner", "state", "asOf", "downSince", "recordCount")
    rows = [Row([each[name] for name in names]) for each in systems]
    headline = reader.t("systems.headline", up=up, all=len(systems))
    return Figure("systems", headline, reader.t("systems.note"), DataTable(columns, rows))


def _agreement_figure(reader: Reader, name: str, totals: Totals) -> Figure:
    """Return the share of matters that agree, the smallest first; a group that is too small is in the table alone."""
    known = sorted((each for each in totals if each["matters"]), key=lambda each: each["shareAgreed"])
    items = [
        Bar(each["label"] or reader.t("group.none"), each["shareAgreed"], _share_text(reader, each)) for each in known
    ]
    first = TableColumn("group", reader.t(f"column.{name}"))
    columns = [first, *(TableColumn(field, reader.t(f"column.{field}"), kind) for field, kind in _KINDS.items())]
    fields = ("matters", "agreed", "shareAgreed", "medianSeconds", "oldest")
    rows = [Row([each["label"] or reader.t("group.none"), *(each[field] for field in fields)]) for each in totals]
    headline = reader.t(f"{name}.none")
    if items:
        headline = reader.t(f"{name}.headline", label=items[0].label, share=reader.percent(items[0].value))
    chart = bars(items[:10], headline, 1.0)
    return Figure(name, headline, reader.t(f"{name}.note"), DataTable(columns, rows), chart)


def _share_text(reader: Reader, total: Mapping[str, Any]) -> str:
    return reader.t("pairs.value", share=reader.percent(total["shareAgreed"]), n=total["matters"])


def _days_figure(reader: Reader, totals: Totals) -> Figure:
    days: dict[date, tuple[float | None, str]] = {}
    for each in totals:
        day = date.fromisoformat(each["key"])
        shown = reader.t("suppressed.short") if each["matters"] is None else reader.number(each["matters"])
        days[day] = each["matters"], f"{reader.date(each['key'])}: {shown}"
    peak = max(days, key=lambda day: days[day][0] or 0)
    headline = reader.t("days.headline", day=reader.date(peak.isoformat()), n=reader.number(days[peak][0]))
    columns = [TableColumn("day", reader.t("column.day")), TableColumn("matters", reader.t("column.matters"), "number")]
    rows = [Row([each["key"], each["matters"]]) for each in totals]
    chart = heat_map(days, reader.t("days.weekdays").split(), SHORT_MONTHS[reader.language], headline)
    return Figure("days", headline, reader.t("days.note"), DataTable(columns, rows), chart)


SYSTEMS = PublicPage("systems", build)
