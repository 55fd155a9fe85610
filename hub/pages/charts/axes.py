"""The frame of a chart: lines at round values with their labels, and the labels along the bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hub.pages.charts.scale import Scale, ticks
from hub.pages.charts.svg import element, percentage, text

LEFT = 11.0
"""Where the marks begin, in percent; the labels of the values are left of it."""
HEIGHT, TOP, BOTTOM = 250, 26, 218
"""The height of a chart, and the first and last pixel of its marks."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of values: its unit, and how a value is written."""

    unit: str
    write: Callable[[float], str]


def frame(maximum: float, axis: Axis) -> tuple[Scale, list[Markup]]:
    """Return the scale up to ``maximum`` and the lines of its ticks."""
    marks = ticks(maximum)
    scale = Scale(marks[-1], TOP, BOTTOM)
    parts = [text(axis.unit, 0, 12, "unit")]
    for value in marks:
        y = round(scale.y(value), 1)
        parts.append(element("line", x1=percentage(LEFT), x2="100%", y1=y, y2=y, class_="grid" if value else "base"))
        parts.append(text(axis.write(value), LEFT - 1.2, y + 4, "tick", "end"))
    return scale, parts


def slots(count: int) -> tuple[list[float], float]:
    """Return the middles of ``count`` equal slots along the bottom, and the width of one, in percent."""
    width = (100 - LEFT) / max(count, 1)
    return [LEFT + width * (index + 0.5) for index in range(count)], width


def bottom_labels(labels: Sequence[tuple[str, str]]) -> list[Markup]:
    """Return the labels of the slots, each with a second line."""
    middles, _ = slots(len(labels))
    parts = []
    for middle, (first, second) in zip(middles, labels, strict=True):
        parts.append(text(first, middle, BOTTOM + 16, "tick", "middle"))
        if second:
            parts.append(text(second, middle, BOTTOM + 30, "tick strong", "middle"))
    return parts
