"""The connector to the region's licensing app. See docs/upstream-contracts/perizinan.md."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any

from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.perizinan.client import PerizinanClient
from hub.connectors.perizinan.decisions import bring_over
from hub.connectors.perizinan.mapping import COLUMNS, PERSONAL, time_of, to_record
from hub.connectors.perizinan.register import REGISTER
from hub.connectors.perizinan.settings import PerizinanSettings
from hub.contract import Cursor, Decision, Page, Raw, Record, Run
from hub.errors import ContractBroken
from hub.http_client import Http
from hub.http_client.source_clock import cursor_time, resume_time
from hub.kinds import Permit


class Perizinan(Connector):
    """Applications for permits in the order of their last change; the listing reports every change of any age."""

    name = "perizinan"
    id_path = "id"
    title = "Perizinan Jateng"
    owner = "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu"
    docs = "https://dpmptsp.jatengprov.go.id"
    kinds = (Permit,)
    Settings = PerizinanSettings
    visible_to = "licensing:read"
    personal = PERSONAL
    columns = COLUMNS
    versions_are_times = True
    register = REGISTER

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, PerizinanSettings)
        self._client = PerizinanClient(settings, http)

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the rows that changed since the cursor, or all; a row that changes meanwhile moves to the end."""
        since, cursor = (None, {}) if run.full else (self._start(run.cursor), run.cursor)
        place, seen = None, set[str]()
        while True:
            listed = await self._client.listing(since, place)
            cursor = self._cursor(listed.rows, run.now, cursor)
            yield Page(listed.rows, cursor)
            place = listed.cursor
            if place is None:
                return
            if place in seen:
                raise ContractBroken("the licensing app returns the same kursor again")
            seen.add(place)

    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return the row of an id; None if the app has none."""
        return await self._client.row(external_id)

    async def probe(self) -> None:
        """Request one row."""
        await self._client.listing(None, None, limit=1)

    async def tell(self, decision: Decision) -> list[Raw]:
        """Bring a decision of the centre over; see ``decisions``."""
        return [await bring_over(self._client, decision)]

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping.to_record``."""
        return to_record(raw)

    def _start(self, cursor: Cursor) -> str | None:
        """Return the start of a run: the last change seen, less a clock that was set back."""
        seen = time_of(cursor.get("diubah_sejak"))
        return resume_time(seen, cursor.get("ahead"), self.http.clock).isoformat() if seen else None

    def _cursor(self, rows: list[Raw], now: datetime, before: Cursor) -> Cursor:
        """Return the cursor after a page: its latest change, never after now, and how far the app's clock was ahead."""
        times = [at for row in rows if (at := time_of(row.get("diubah_pada")))]
        if not times:
            return before
        clock = self.http.clock
        at = cursor_time(max(times), now, clock)
        known = time_of(before.get("diubah_sejak"))
        ahead = round(clock.offset.total_seconds(), -1) if clock.offset else 0
        return {"diubah_sejak": max(at, known or at).isoformat(), **({"ahead": ahead} if ahead else {})}
