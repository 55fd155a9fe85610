"""After a pull fails at any call, the next one resumes from the cursor of the last page, and no item is missed."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.connectors.base import Connector
from hub.connectors.blangkon.connector import Blangkon
from hub.connectors.gopay.connector import Gopay, cursor
from hub.connectors.lapor.connector import Lapor
from hub.contract import Cursor, Page
from hub.errors import TryLater
from hub.http_client import Http
from hub.testing.running import Running, run, running_sandbox
from tests.connectors.lapor.test_connector import reports

pytestmark = pytest.mark.whole

NOW = datetime.now(UTC)


class Breaking:
    """Calls of which the first ``left`` succeed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.made = 0
        send = Http.send

        async def counted(http: Http, *call: Any, **given: Any) -> httpx.Response:
            if self.left is not None and self.made >= self.left:
                raise TryLater("the line is cut")
            self.made += 1
            return await send(http, *call, **given)

        monkeypatch.setattr(Http, "send", counted)


async def read(running: Running, start: Cursor, *, now: datetime) -> tuple[list[Page], bool]:
    """Return the pages from ``start`` on, and whether they were read to the end."""
    pages: list[Page] = []
    async with running.connected() as connector:
        try:
            async for page in connector.pages(dataclasses.replace(run(start), now=now)):
                pages.append(page)
        except TryLater:
            return pages, False
    return pages, True


def ids(running: Running, pages: list[Page]) -> set[str]:
    reader: Connector = object.__new__(running.connector)
    items = (item for page in pages for item in page.items if "trouble" not in item)
    return {reader.map(item).external_id for item in items}


@pytest.fixture(params=[Blangkon, Gopay, Lapor], ids=lambda connector: connector.name)
async def running(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    monkeypatch.setattr("hub.connectors.lapor.sandbox.year_of_reports", lambda world, size: reports(120, 61))
    async with running_sandbox(request.param, tmp_path) as running:
        yield running


async def test_a_page_whose_call_failed_moves_no_cursor(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    start = cursor(NOW - timedelta(days=3), NOW) if running.connector is Gopay else {}
    calls = Breaking(monkeypatch)
    whole, ended = await read(running, start, now=NOW)
    assert ended
    assert len(whole) > 2
    expected, made = ids(running, whole), calls.made
    for left in sorted({made * part // 8 for part in range(8)} | {made - 1}):
        calls.made, calls.left = 0, left
        first, ended = await read(running, start, now=NOW)
        assert not ended or first[-1].cursor["retry"]["items"], "an item whose call failed is requested again"
        calls.left = None
        rest, ended = await read(running, first[-1].cursor if first else start, now=NOW)
        assert ended
        assert ids(running, first) | ids(running, rest) == expected, f"cut after {left} calls"
