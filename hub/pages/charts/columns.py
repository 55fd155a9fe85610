"""Columns along time; several series are stacked and have different patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hub.pages.charts.axes import HEIGHT, Axis, bottom_labels, frame, slots
from hub.pages.charts.svg import drawing, element, percentage

SHARE = 0.68
"""How much of its slot a column fills."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the two lines of its label, its tooltip, and its values from the bottom up."""

    label: tuple[str, str]
    title: str
    values: tuple[float | None, ...]


def columns(items: Sequence[Column], axis: Axis, label: str) -> Markup:
    """Return the chart. A value of None is suppressed: its place is marked as empty."""
    scale, parts = frame(max((_height(each) for each in items), default=0), axis)
    middles, slot = slots(len(items))
    for middle, item in zip(middles, items, strict=True):
        left, base = middle - slot * SHARE / 2, 0.0
        marks = []
        for index, value in enumerate(item.values, start=1):
            if not value:
                continue
            top, bottom = scale.y(base + value), scale.y(base)
            place = {"x": percentage(left), "width": percentage(slot * SHARE)}
            height = round(max(bottom - top - (1.5 if base else 0), 0.5), 1)
            marks.append(element("rect", **place, y=round(top, 1), height=height, class_=f"s{index}"))
            base += value
        if all(value is None for value in item.values):
            marks.append(
                element("text", "–", x=percentage(middle), y=scale.y(0) - 6, class_="tick", text_anchor="middle")
            )
        parts.append(element("g", element("title", item.title), *marks))
    return drawing([_patterns(), *parts, *bottom_labels([each.label for each in items])], HEIGHT, label)


def _height(column: Column) -> float:
    return sum(value or 0 for value in column.values)


def _patterns() -> Markup:
    """Return the pattern of the second series; the first is solid and the third an outline."""
    stripe = element("path", d="M-1 1l2-2M0 6l6-6M5 7l2-2", class_="stripe")
    ground = element("rect", width=6, height=6, class_="stripe-ground")
    return element(
        "defs", element("pattern", ground, stripe, id="stripes", width=6, height=6, patternUnits="userSpaceOnUse")
    )


def key(index: int) -> Markup:
    """Return a sample of the series ``index``, counted from 1, for a legend."""
    mark = element("rect", x=1, y=1, width=14, height=14, class_=f"s{index}")
    return element("svg", mark, class_="key", width=16, height=16, aria_hidden="true")
