"""Procurement: the orders of agencies in online shops, by agency, shop, supplier and month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.pages.charts.axes import Axis
from hub.pages.charts.bars import Bar, bars
from hub.pages.charts.columns import Column, columns
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.page import Content, Data, Params, PublicPage
from hub.pages.reader import Reader

MILLION = 1e6
Totals = Sequence[Mapping[str, Any]]


def build(data: Data, params: Params, reader: Reader) -> Content:
    """Return the orders of the last 366 days."""
    name = "nameEn" if reader.language == "en" else "name"
    agencies = {each["code"]: each[name] for each in data["agencies"]["nodes"]}
    figures = [
        _months_figure(reader, data["byMonth"]),
        _groups_figure(reader, "orders_marketplaces", data["byMarketplace"], {}),
        _groups_figure(reader, "orders_agencies", data["byAgency"], agencies, "agency"),
        _groups_figure(reader, "orders_suppliers", data["bySupplier"], {}),
    ]
    values = {
        "count": sum(each["count"] for each in data["byMonth"]),
        "value": sum(_amount(each) for each in data["byMonth"]),
    }
    return Content(reader.t("procurement.title"), reader.t("procurement.description"), values, figures)


def _amount(total: Mapping[str, Any]) -> float:
    return float(total["value"]["amount"])


def _columns(reader: Reader, name: str, label: str) -> list[TableColumn]:
    orders = TableColumn("orders", reader.t("column.orders"), "number")
    return [TableColumn(name, label), orders, TableColumn("value", reader.t("column.value"), "rupiah")]


def _months_figure(reader: Reader, totals: Totals) -> Figure:
    items = []
    labels = reader.month_labels([each["group"] for each in totals])
    for each, label in zip(totals, labels, strict=True):
        title = f"{reader.month(each['group'])}: {reader.rupiah(_amount(each))}"
        items.append(Column(label, title, (_amount(each) / MILLION,)))
    headline = reader.t("orders_months.none")
    if totals:
        peak = max(totals, key=_amount)
        values = {"month": reader.month(peak["group"]), "value": reader.rupiah(_amount(peak))}
        headline = reader.t("orders_months.headline", **values)
    rows = [Row([each["group"], each["count"], _amount(each)]) for each in totals]
    table = DataTable(_columns(reader, "month", reader.t("column.month")), rows)
    chart = columns(items, Axis(reader.t("unit.millions"), reader.number), headline)
    return Figure("orders_months", headline, reader.t("orders_months.note"), table, chart)


def _groups_figure(
    reader: Reader, name: str, totals: Totals, labels: Mapping[str, str], page: str | None = None
) -> Figure:
    ordered = sorted(totals, key=_amount, reverse=True)
    named = [(labels.get(each["group"], each["group"]) or reader.t("group.none"), each) for each in ordered]
    urls = {
        id(each): reader.url(page, code=each["group"]) if page and each["group"] in labels else None for each in totals
    }
    items = [Bar(label, _amount(each), reader.rupiah(_amount(each)), urls[id(each)]) for label, each in named[:10]]
    headline = reader.t(f"{name}.none")
    if items:
        headline = reader.t(f"{name}.headline", label=items[0].label, value=items[0].text)
    rows = [Row([label, each["count"], _amount(each)], urls[id(each)]) for label, each in named]
    table = DataTable(_columns(reader, "group", reader.t(f"column.{name}")), rows)
    return Figure(name, headline, reader.t(f"{name}.note"), table, bars(items, headline))


PROCUREMENT = PublicPage("procurement", build)
