"""Lines along time, each with its label at its end and a dash of its own; and a sparkline without axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from hub.pages.charts.axes import HEIGHT, Axis, bottom_labels, frame, slots
from hub.pages.charts.scale import Scale
from hub.pages.charts.svg import drawing, element, percentage, text


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its label, and a value or None for each slot, each with a tooltip."""

    label: str
    values: Sequence[float | None]
    titles: Sequence[str]


def lines(
    items: Sequence[Line], labels: Sequence[tuple[str, str]], axis: Axis, label: str, maximum: float | None = None
) -> Markup:
    """Return the chart; ``labels`` are the two lines below each slot. A line is broken where a value is missing."""
    values = [value for each in items for value in each.values if value is not None]
    scale, parts = frame(maximum or max(values, default=0), axis)
    middles, _ = slots(len(labels))
    for index, item in enumerate(items, start=1):
        parts += _line(item, index, middles, scale)
    return drawing([*parts, *bottom_labels(labels)], HEIGHT, label)


def _line(item: Line, index: int, middles: Sequence[float], scale: Scale) -> list[Markup]:
    points = [
        None if value is None else (middle, round(scale.y(value), 1))
        for middle, value in zip(middles, item.values, strict=True)
    ]
    parts = [_segment(one, other, f"line l{index}") for one, other in pairwise(points) if one and other]
    for point, title in zip(points, item.titles, strict=True):
        if point:
            mark = element(
                "circle", element("title", title), cx=percentage(point[0]), cy=point[1], r=4, class_=f"dot l{index}"
            )
            parts.append(mark)
    last = next((point for point in reversed(points) if point), None)
    if last:
        parts.append(text(item.label, last[0], last[1] - 12, f"series l{index}", "end"))
    return parts


def _segment(one: tuple[float, float], other: tuple[float, float], kind: str) -> Markup:
    return element("line", x1=percentage(one[0]), y1=one[1], x2=percentage(other[0]), y2=other[1], class_=kind)


def sparkline(values: Sequence[float | None], label: str) -> Markup:
    """Return a line without axes, 28 pixels high, that ends with a dot."""
    known = [value for value in values if value is not None]
    scale = Scale(max(known, default=1) or 1, 4, 24)
    step = 94 / max(len(values) - 1, 1)
    points = [
        None if value is None else (3 + index * step, round(scale.y(value), 1)) for index, value in enumerate(values)
    ]
    parts = [_segment(one, other, "line l1 thin") for one, other in pairwise(points) if one and other]
    last = next((point for point in reversed(points) if point), None)
    if last:
        parts.append(element("circle", cx=percentage(last[0]), cy=last[1], r=3, class_="dot l1"))
    return element("svg", *parts, class_="sparkline", width="100%", height=28, role="img", aria_label=label)
