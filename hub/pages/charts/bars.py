"""Bars across that compare groups: each below its label and its value.

Labels are HTML, so that long ones wrap and links are links; the bars alone are SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hub.pages.charts.svg import element, percentage

THICK = 12
"""The pixels of a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its value, the value as text, and the address that its label leads to."""

    label: str
    value: float | None
    text: str
    url: str | None = None


def bars(items: Sequence[Bar], label: str, maximum: float | None = None) -> Markup:
    """Return the chart as a list named ``label``; ``maximum`` is the value of a full bar, by default the largest.

    Without items there is no chart.
    """
    if not items:
        return Markup()
    full = maximum or max((each.value or 0 for each in items), default=0) or 1
    rows = (element("li", *_row(item, (item.value or 0) / full)) for item in items)
    return element("ol", *rows, class_="bars", aria_label=label)


def _row(item: Bar, share: float) -> list[Markup]:
    marks = [element("rect", width="100%", height=THICK, rx=2, class_="track")]
    if share:
        marks.append(element("rect", width=percentage(max(100 * share, 0.4)), height=THICK, rx=2, class_="s1"))
    name = element("a", item.label, href=item.url) if item.url else element("span", item.label)
    return [
        name,
        element("strong", item.text),
        element("svg", *marks, width="100%", height=THICK, aria_hidden="true"),
    ]
