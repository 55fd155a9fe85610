"""The payments sandbox's world on one day, and the settings it knows its caller by."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hub.connectors.gopay.connector import Gopay
from hub.connectors.gopay.sandbox_history import History, half_year
from hub.connectors.gopay.settings import GopaySettings

TODAY = date(2026, 6, 10)
NOON = datetime(2026, 6, 10, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> GopaySettings:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in Gopay.sandbox_settings("http://127.0.0.1:1", tmp_path_factory.mktemp("keys")).items():
            patch.setenv(name, value)
        return GopaySettings()


@pytest.fixture(scope="module")
def history() -> History:
    return half_year(TODAY)
