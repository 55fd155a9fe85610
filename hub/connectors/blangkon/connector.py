"""Reads the realised orders of the online shops from the INAPROC gateway (contract C.4, L.3)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import Connector, ConnectorSettings, Cursor, Page, Raw, Record, Run
from hub.connectors.blangkon.envelope import Answer, budget_wait, read
from hub.connectors.blangkon.mapping import JAKARTA, PERSONAL, to_record
from hub.connectors.http import Http
from hub.errors import BadSetting, Stop, TryLater
from hub.kinds import Order

PATH = "/api/v1/tokodaring/realisasi"
LIMIT = 1000
"""Rows a page: the most the gateway gives."""
REACH = 50
"""Pages a year that the search for one order reads before it gives up."""
PATIENCE = 5.0
"""Seconds the connector waits by itself for the gateway's next budget; for more, the core comes again."""


class BlangkonSettings(ConnectorSettings):
    """``klpd`` is the province's institution code (MasterKLPD); ``token`` the JWT of the gateway's operator."""

    model_config = SettingsConfigDict(env_prefix="HUB_BLANGKON_")

    token: SecretStr = SecretStr("")
    klpd: str = ""


class Blangkon(Connector):
    """One feed a calendar year, rows in the order of their last change; a run goes on where the last one ended.

    Every run reads this year and the one before, at the cost of one call when nothing changed: orders
    of December are confirmed in spring, and a run can vouch for what it holds only if it asked.
    """

    name = "blangkon"
    id_path = "order_id"
    title = "Blangkon Jateng"
    owner = "Biro Administrasi Pengadaan Barang dan Jasa"
    docs = "https://data.inaproc.id"
    kinds = (Order,)
    Settings = BlangkonSettings
    personal = PERSONAL
    horizon_days = 365  # On 1 January the two years that are read reach back no further.

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, BlangkonSettings)
        self._token, self._klpd = settings.token, settings.klpd
        self._free_at = 0.0

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Pages of the two years; the cursor is ``{year: the gateway's cursor}``."""
        years = years_at(run.now)
        cursor: Cursor = {} if run.full else {year: at for year, at in run.cursor.items() if year in years}
        for year in years:
            async for answer in self._feed(year, cursor.get(year)):
                cursor = {**cursor, year: answer.cursor}
                yield Page(answer.rows, cursor)

    async def one(self, external_id: str) -> Raw | None:
        """The last row of that order. The gateway has no look-up, so both years are read, newest first.

        ``TryLater`` when a year is longer than ``REACH`` pages: the caller then keeps its copy.
        """
        for year in reversed(years_at(datetime.now(JAKARTA))):
            if (row := await self._last_row(year, external_id)) is not None:
                return row
        return None

    async def probe(self) -> None:
        """Asks for one row of this year."""
        await self._ask(years_at(datetime.now(JAKARTA))[-1], None, limit=1)

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping.to_record``."""
        return to_record(raw)

    @classmethod
    def sandbox_settings(cls, url: str, folder: Path) -> dict[str, str]:
        """A made-up token and the declared contract's institution."""
        token = secrets.token_urlsafe(24)
        return {"HUB_BLANGKON_URL": url, "HUB_BLANGKON_TOKEN": token, "HUB_BLANGKON_KLPD": "D999"}

    async def _last_row(self, year: str, order_id: str) -> Raw | None:
        found, pages = None, 0
        async for answer in self._feed(year, None):
            found = next((row for row in reversed(answer.rows) if row.get("order_id") == order_id), found)
            pages += 1
            if pages == REACH and answer.more:
                raise TryLater(f"the feed of {year} is longer than {REACH} pages; one order cannot be looked up in it")
        return found

    async def _feed(self, year: str, cursor: str | None) -> AsyncIterator[Answer]:
        """The answers of one year from ``cursor`` to the end; from the start when the gateway forgot the cursor."""
        forgotten, more = False, True
        while more:
            answer = await self._ask(year, cursor)
            if answer is None:
                if forgotten or cursor is None:
                    raise TryLater("the gateway forgets its cursors faster than they can be used")
                forgotten, cursor = True, None
                continue
            if answer.more and answer.cursor in {None, cursor}:
                raise Stop("the gateway says that there is more but not where")
            # Where the end of a feed has no cursor of its own, the page before it is the place to ask again.
            cursor, more = answer.cursor or cursor, answer.more
            yield Answer(answer.rows, cursor, more)

    async def _ask(self, year: str, cursor: str | None, limit: int = LIMIT) -> Answer | None:
        """One page, or None when the cursor has expired."""
        await self._wait_turn()
        params = {"kode_klpd": self._klpd, "tahun": year, "limit": limit} | ({"cursor": cursor} if cursor else {})
        response = await self.http.send("GET", PATH, idempotent=True, headers=self._headers(), params=params)
        self._free_at = time.monotonic() + budget_wait(response.headers, time.time())
        return read(response)

    def _headers(self) -> dict[str, str]:
        token = self._token.get_secret_value()
        for name, value in (("TOKEN", token), ("KLPD", self._klpd)):
            if not value:
                raise BadSetting(f"HUB_BLANGKON_{name} is not set; the gateway's operator gives it")
        return {"Authorization": f"Bearer {token}"}

    async def _wait_turn(self) -> None:
        wait = self._free_at - time.monotonic()
        if wait > PATIENCE:
            raise TryLater("the gateway's budget of calls is used up", wait)
        await asyncio.sleep(max(0.0, wait))


def years_at(now: datetime) -> list[str]:
    """The calendar years to read, oldest first, as the province counts them."""
    year = now.astimezone(JAKARTA).year
    return [str(year - 1), str(year)]
