"""The pages of agencies and areas: all of them in a list, and one page each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.pages.answers import answer_columns, answer_values, kept_share, months_figure, times_figure
from hub.pages.charts.lines import sparkline
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.overview import NO_FIGURES, NO_TOTAL
from hub.pages.page import Content, Data, Params, PublicPage
from hub.pages.reader import Reader

NAME = {"id": "name", "en": "nameEn"}


def _list(page: str, one: str) -> PublicPage:
    """Return the page that lists all agencies or areas, each with a link to its own page."""

    def build(data: Data, params: Params, reader: Reader) -> Content:
        totals = {each["key"]: each for each in data["totals"]}
        places = [_place(reader, row, totals.get(row["code"]), one) for row in data["rows"]["nodes"]]
        rows = [Row([each["code"], *answer_values(each["name"], each["numbers"])], each["url"]) for each in places]
        code = TableColumn("code", reader.t("column.code"))
        columns = [code, *answer_columns(reader, TableColumn("name", reader.t(f"column.{page}")))]
        figure = Figure(page, reader.t(f"{page}.title"), reader.t(f"{page}.note"), DataTable(columns, rows))
        values = {"places": sorted(places, key=lambda each: each["name"])}
        return Content(reader.t(f"{page}.title"), reader.t(f"{page}.description"), values, [figure])

    return PublicPage(page, build)


def _place(reader: Reader, row: Mapping[str, Any], total: Mapping[str, Any] | None, page: str) -> dict[str, Any]:
    numbers = total["figures"] if total else NO_FIGURES
    months = [each["figures"]["received"] for each in total["months"]] if total else []
    return {
        "code": row["code"],
        "name": row[NAME[reader.language]],
        "url": reader.url(page, code=row["code"]),
        "numbers": numbers,
        "kept": kept_share(numbers),
        "sparkline": sparkline(months, "") if any(months) else "",
    }


def _build_agency(data: Data, params: Params, reader: Reader) -> Content | None:
    agency = data["agency"]
    if agency is None:
        return None
    order = next((each for each in data["orders"] if each["group"] == agency["code"]), None)
    more = {
        "agency": agency,
        "latest": agency["complaints"]["nodes"],
        "orders": order and {"count": order["count"], "value": float(order["value"]["amount"])},
    }
    return _content(data, agency, reader, more)


def _build_area(data: Data, params: Params, reader: Reader) -> Content | None:
    found = data["areas"]["nodes"]
    return _content(data, found[0], reader, {"area": found[0]}) if found else None


def _content(data: Data, place: Mapping[str, Any], reader: Reader, more: Mapping[str, Any]) -> Content:
    total: Mapping[str, Any] = data["totals"][0] if data["totals"] else NO_TOTAL
    everywhere = data["all"][0]["figures"] if data["all"] else NO_FIGURES
    numbers, months = total["figures"], total["months"]
    name = place[NAME[reader.language]]
    figures = [months_figure(reader, months), times_figure(reader, months, numbers)] if months else []
    values = {
        "name": name,
        "numbers": numbers,
        "kept": kept_share(numbers),
        "everywhere": everywhere,
        "everywhere_kept": kept_share(everywhere),
        "months": months,
        **more,
    }
    return Content(name, reader.t("place.description", name=name), values, figures)


AGENCIES, AREAS = _list("agencies", "agency"), _list("areas", "area")
AGENCY = PublicPage("agency", _build_agency, ("code",), "agencies")
AREA = PublicPage("area", _build_area, ("code",), "areas")
