"""Reads the realised orders of the online shops from the INAPROC gateway (contract blangkon#gateway, blangkon#feed)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import PUBLIC, Connector, ConnectorSettings
from hub.connectors.blangkon.envelope import Answer, budget_wait, read
from hub.connectors.blangkon.mapping import COLUMNS, JAKARTA, PERSONAL, PROSE, to_record
from hub.contract import Cursor, Page, Raw, Record, Run
from hub.errors import BadSetting, ContractBroken, TryLater
from hub.http_client import Http
from hub.kinds import Order

PATH = "/api/v1/tokodaring/realisasi"
LIMIT = 1000
"""Rows in a page: the gateway's maximum."""
MAX_SEARCH_PAGES = 50
"""Pages of a year that the search for one order reads at most."""
MAX_WAIT = 5.0
"""Seconds that the connector waits for the gateway's next budget; for a longer wait it raises ``TryLater``."""


class BlangkonSettings(ConnectorSettings):
    """``klpd`` is the province's institution code (MasterKLPD); ``token`` the JWT of the gateway's operator."""

    model_config = SettingsConfigDict(env_prefix="HUB_BLANGKON_")

    token: SecretStr = SecretStr("")
    klpd: str = ""


class Blangkon(Connector):
    """One feed for each calendar year, with rows in the order of their last change; a run resumes at its cursor.

    Every run reads this year and the one before, which costs one call if nothing changed: orders of December are
    confirmed in spring.
    """

    name = "blangkon"
    id_path = "order_id"
    title = "Blangkon Jateng"
    owner = "Biro Administrasi Pengadaan Barang dan Jasa"
    docs = "https://data.inaproc.id"
    kinds = (Order,)
    Settings = BlangkonSettings
    visible_to = PUBLIC
    personal = PERSONAL
    columns = COLUMNS
    prose = PROSE
    horizon_days = 365  # On 1 January the two years that are read reach back no further.

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, BlangkonSettings)
        self._token, self._klpd = settings.token, settings.klpd
        self._free_at = 0.0

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the pages of two years; the cursor is ``{year: the gateway's cursor}``."""
        years = years_at(run.now)
        cursor: Cursor = {} if run.full else {year: at for year, at in run.cursor.items() if year in years}
        for year in years:
            async for answer in self._feed(year, cursor.get(year)):
                cursor = {**cursor, year: answer.cursor}
                yield Page(answer.rows, cursor)

    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return the last row of an order. The gateway has no look-up, so both years are read, newest first.

        Raise ``TryLater`` if a year has more than ``MAX_SEARCH_PAGES`` pages: the caller then keeps its copy.
        """
        for year in reversed(years_at(datetime.now(JAKARTA))):
            if (row := await self._last_row(year, external_id)) is not None:
                return row
        return None

    async def probe(self) -> None:
        """Request one row of this year."""
        await self._request(years_at(datetime.now(JAKARTA))[-1], None, limit=1)

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping.to_record``."""
        return to_record(raw)

    async def _last_row(self, year: str, order_id: str) -> Raw | None:
        found, pages = None, 0
        async for answer in self._feed(year, None):
            found = next((row for row in reversed(answer.rows) if row.get("order_id") == order_id), found)
            pages += 1
            if pages == MAX_SEARCH_PAGES and answer.more:
                raise TryLater(
                    f"the feed of {year} has more than {MAX_SEARCH_PAGES} pages; no order can be looked up in it"
                )
        return found

    async def _feed(self, year: str, cursor: str | None) -> AsyncIterator[Answer]:
        """Yield the answers of one year from ``cursor`` to the end; from the start if the cursor has expired."""
        forgotten, more = False, True
        while more:
            answer = await self._request(year, cursor)
            if answer is None:
                if forgotten or cursor is None:
                    raise TryLater("the gateway's cursors expire before they can be used")
                forgotten, cursor = True, None
                continue
            if answer.more and answer.cursor in {None, cursor}:
                raise ContractBroken("the gateway reports more rows without a new cursor")
            # If the end of a feed has no cursor, the next run resumes at the page before it.
            cursor, more = answer.cursor or cursor, answer.more
            yield Answer(answer.rows, cursor, more)

    async def _request(self, year: str, cursor: str | None, limit: int = LIMIT) -> Answer | None:
        """Request one page; return None if the cursor has expired."""
        await self._wait_turn()
        params = {"kode_klpd": self._klpd, "tahun": year, "limit": limit} | ({"cursor": cursor} if cursor else {})
        response = await self.http.send("GET", PATH, idempotent=True, headers=self._headers(), params=params)
        self._free_at = time.monotonic() + budget_wait(response.headers, datetime.now(UTC))
        return read(response)

    def _headers(self) -> dict[str, str]:
        token = self._token.get_secret_value()
        for name, value in (("TOKEN", token), ("KLPD", self._klpd)):
            if not value:
                raise BadSetting(f"HUB_BLANGKON_{name} is not set; the gateway's operator provides it")
        return {"Authorization": f"Bearer {token}"}

    async def _wait_turn(self) -> None:
        wait = self._free_at - time.monotonic()
        if wait > MAX_WAIT:
            raise TryLater("the gateway's budget of calls is used up", wait)
        await asyncio.sleep(max(0.0, wait))


def years_at(now: datetime) -> list[str]:
    """Return the calendar years to read, oldest first, by Jakarta time."""
    year = now.astimezone(JAKARTA).year
    return [str(year - 1), str(year)]
