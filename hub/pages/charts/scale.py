"""The axis of values: its ticks, and the place of a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

STEPS = (1, 2, 2.5, 5, 10)


def ticks(maximum: float, count: int = 4) -> list[float]:
    """Return round values from 0 to ``maximum`` or above, with at most ``count`` steps."""
    if maximum <= 0:
        return [0, 1]
    rough = maximum / count
    size: float = 10 ** math.floor(math.log10(rough))
    step = next(size * each for each in STEPS if size * each * count >= maximum)
    return [step * n for n in range(math.ceil(maximum / step) + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Places values from 0 to ``maximum`` between ``bottom`` and ``top``, in pixels from the upper edge."""

    maximum: float
    top: float
    bottom: float

    def y(self, value: float) -> float:
        """Return the place of ``value``."""
        return self.bottom - (self.bottom - self.top) * value / self.maximum
