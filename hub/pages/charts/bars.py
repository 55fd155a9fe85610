"""Bars across that compare groups: each with its label above it and its value at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hub.pages.charts.svg import drawing, element, percentage, text

ROW, THICK = 44, 12
"""The pixels from one bar to the next, and of a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its value, the value as text, and the address that its label leads to."""

    label: str
    value: float | None
    text: str
    url: str | None = None


def bars(items: Sequence[Bar], label: str, maximum: float | None = None) -> Markup:
    """Return the chart; ``maximum`` is the value of a full bar, by default the largest."""
    full = maximum or max((each.value or 0 for each in items), default=0) or 1
    parts = []
    for index, item in enumerate(items):
        y = index * ROW + 14
        name = text(item.label, 0, y, "name")
        parts += [element("a", name, href=item.url) if item.url else name, text(item.text, 100, y, "value", "end")]
        parts.append(element("rect", x=0, y=y + 8, width="100%", height=THICK, rx=2, class_="track"))
        if item.value:
            width = percentage(max(100 * item.value / full, 0.4))
            parts.append(element("rect", x=0, y=y + 8, width=width, height=THICK, rx=2, class_="s1"))
    return drawing(parts, len(items) * ROW, label)
