"""One demo year for all tests that only read it."""

from __future__ import annotations

from datetime import date

import pytest

from hub.demo.world import DemoComplaint, complaints

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="session")
def year() -> tuple[DemoComplaint, ...]:
    """The whole demo year that ends on ``TODAY``."""
    return complaints(TODAY)
