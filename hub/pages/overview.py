"""The first page: what came in, what was answered, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.pages.answers import groups_figure, kept_share, months_figure, times_figure
from hub.pages.charts.lines import sparkline
from hub.pages.page import Content, Data, Params, PublicPage
from hub.pages.reader import Reader

NO_FIGURES: Mapping[str, Any] = dict.fromkeys(("received", "answered", "due", "inTime", "medianSeconds", "p90Seconds"))
NO_TOTAL: Mapping[str, Any] = {"figures": NO_FIGURES, "months": ()}
"""The total of a group without complaints."""


def build(data: Data, params: Params, reader: Reader) -> Content:
    """Return the overview of all public complaints of the last twelve complete months."""
    found: Mapping[str, Any] = data["all"][0] if data["all"] else NO_TOTAL
    numbers, months = found["figures"], found["months"]
    figures = [
        months_figure(reader, months),
        times_figure(reader, months, numbers),
        groups_figure(reader, "statuses", data["statuses"]),
        groups_figure(reader, "agencies", data["agencies"], "agency"),
        groups_figure(reader, "areas", data["areas"], "area"),
        groups_figure(reader, "categories", data["categories"]),
        groups_figure(reader, "channels", data["channels"]),
    ]
    shares = [kept_share(each["figures"]) for each in months]
    values = {
        "numbers": numbers,
        "kept": kept_share(numbers),
        "from_": months[0]["month"] if months else None,
        "to": months[-1]["month"] if months else None,
        "sparklines": {
            "received": sparkline([each["figures"]["received"] for each in months], ""),
            "answered": sparkline([each["figures"]["answered"] for each in months], ""),
            "median": sparkline([each["figures"]["medianSeconds"] for each in months], ""),
            "kept": sparkline(shares, ""),
        },
    }
    return Content(reader.t("overview.title"), reader.t("overview.description"), values, figures)


OVERVIEW = PublicPage("overview", build)
