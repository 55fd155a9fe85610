"""A heat map of days: a column a week, a row a day of the week; darker is more, and each day says its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from markupsafe import Markup

from hub.pages.charts.svg import drawing, element, percentage, text

ROW, TOP, LEFT, LEVELS = 22, 20, 9.0, 4


def heat_map(
    days: Mapping[date, tuple[float | None, str]], weekdays: Sequence[str], months: Sequence[str], label: str
) -> Markup:
    """Return the chart of ``days``: the value of each with its tooltip.

    ``weekdays`` begin with Monday; ``months`` are twelve names.
    """
    first, last = min(days), max(days)
    monday = first - timedelta(days=first.weekday())
    width = (100 - LEFT) / ((last - monday).days // 7 + 1)
    full = max((value or 0 for value, _ in days.values()), default=0) or 1
    parts = [text(name, 0, TOP + index * ROW + 15, "tick") for index, name in enumerate(weekdays) if index % 2 == 0]
    for day, (value, title) in sorted(days.items()):
        x = LEFT + (day - monday).days // 7 * width
        level = 0 if not value else min(int(value / full * LEVELS) + 1, LEVELS)
        place = {
            "x": percentage(x),
            "width": percentage(width * 0.9),
            "y": TOP + day.weekday() * ROW,
            "height": ROW - 3,
        }
        parts.append(element("rect", element("title", title), **place, rx=2, class_=f"heat h{level}"))
        if day.day <= 7 and day.weekday() == 0:
            parts.append(text(months[day.month - 1], x, 12, "tick"))
    return drawing(parts, TOP + 7 * ROW, label)
