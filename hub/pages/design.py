"""The page that shows every component with invented values; in development only."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.pages import rendering
from hub.pages.charts.axes import Axis
from hub.pages.charts.bars import Bar, bars
from hub.pages.charts.columns import Column, columns, key
from hub.pages.charts.heat_map import heat_map
from hub.pages.charts.lines import Line, lines, sparkline
from hub.pages.figures import DataTable, Figure, Row, TableColumn
from hub.pages.formats import SHORT_MONTHS
from hub.pages.reader import Reader
from hub.pages.site import Site
from hub.pages.texts import LANGUAGES
from hub.web.operations import DocumentedRoute, page


def design_routes(site: Site) -> list[BaseRoute]:
    """Return the route ``/design``."""

    async def get(request: Request) -> Response:
        reader = site.reader("en" if request.query_params.get("lang") == "en" else "id")
        here = {language: f"/design?lang={language}" for language in LANGUAGES}
        values = {"figures": sample_figures(reader), "spark": sparkline([3, 4, 2, 6, None, 7], ""), "addresses": here}
        html = rendering.render("design", reader, section="design", **values)
        return rendering.private(html)

    return [DocumentedRoute("/design", get, get=page("All components, in development"))]


def sample_figures(reader: Reader) -> list[Figure]:
    """Return one figure of each kind of chart."""
    values = [(40, 12), (55, 9), (None, None), (30, 25), (61, 14), (48, 30)]
    labels = reader.month_labels([f"2026-{index:02}" for index in range(1, 7)])
    axis = Axis(reader.t("unit.complaints"), reader.number)
    table = DataTable(
        [
            TableColumn("month", reader.t("column.month")),
            TableColumn("received", reader.t("column.received"), "number"),
        ],
        [Row([f"2026-{index:02}", one]) for index, (one, _) in enumerate(values, 1)],
    )
    charts = {
        "columns": columns(
            [Column(label, "", each) for label, each in zip(labels, values, strict=True)], axis, "columns"
        ),
        "lines": lines(
            [Line("a", [one for one, _ in values], [""] * 6), Line("b", [two for _, two in values], [""] * 6)],
            labels,
            axis,
            "lines",
        ),
        "bars": bars([Bar("A", 10, "10"), Bar("B", 4, "4", "/"), Bar("C", 0, "0")], "bars"),
        "heat": heat_map(_days(), reader.t("days.weekdays").split(), SHORT_MONTHS[reader.language], "heat"),
    }
    legend = {"columns": [(key(1), "a"), (key(2), "b")]}
    return [Figure(name, name, "note", table, chart, legend.get(name, ())) for name, chart in charts.items()]


def _days() -> dict[date, tuple[float | None, str]]:
    first = date(2026, 1, 1)
    return {first + timedelta(days=n): (n * 7 % 23, str(n * 7 % 23)) for n in range(90)}
