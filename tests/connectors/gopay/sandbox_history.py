"""The history of the payments sandbox on one day, and the settings of its caller."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.connectors.gopay.sandbox.credentials import variables
from hub.connectors.gopay.sandbox.history import History, half_year
from hub.connectors.gopay.settings import GopaySettings
from hub.demo.world import DemoWorld

TODAY = date(2026, 6, 10)
NOON = datetime(2026, 6, 10, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> GopaySettings:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables("http://127.0.0.1:1", tmp_path_factory.mktemp("keys")).items():
            patch.setenv(name, value)
        return GopaySettings()


@pytest.fixture(scope="module")
def history() -> History:
    return half_year(DemoWorld(TODAY))
