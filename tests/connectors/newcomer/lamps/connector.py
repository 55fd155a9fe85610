"""Reads the street lamps, page by page in the order of their numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import Connector, ConnectorSettings, Page, Raw, Record, Run
from hub.connectors.http import Http
from hub.connectors.lamps.mapping import PERSONAL, Lamp, to_record
from hub.errors import BadSetting, Stop


class LampsSettings(ConnectorSettings):
    """``HUB_LAMPS_*``."""

    model_config = SettingsConfigDict(env_prefix="HUB_LAMPS_")

    token: SecretStr = SecretStr("")
    page_size: int = 40


class Lamps(Connector):
    """A run reads every lamp."""

    name = "lamps"
    title = "Lampu Jalan"
    owner = "Perusahaan Contoh"
    docs = "https://lampu.example/api"
    kinds = (Lamp,)
    Settings = LampsSettings
    personal = PERSONAL

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, LampsSettings)
        self._token, self._size = settings.token.get_secret_value(), settings.page_size

    async def pages(self, run: Run) -> AsyncIterator[Page]:
        """From where the cursor stands to the last lamp; the next run begins at the first again."""
        after, more = "" if run.full else str(run.cursor.get("after", "")), True
        while more:
            answer = (await self._get("/lamps", {"after": after, "size": self._size})).json()
            more, after = answer["more"], answer["lamps"][-1]["number"] if answer["lamps"] else after
            yield Page(answer["lamps"], {"after": after if more else ""})

    async def one(self, external_id: str) -> Raw | None:
        """One lamp."""
        answer = await self._get(f"/lamps/{external_id}", {})
        return answer.json() if answer.status_code == 200 else None

    async def probe(self) -> None:
        """One lamp at most."""
        await self._get("/lamps", {"size": 1})

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping``."""
        return to_record(raw)

    @classmethod
    def sandbox_settings(cls, url: str, folder: Path) -> dict[str, str]:
        """A made-up token."""
        return {**super().sandbox_settings(url, folder), "HUB_LAMPS_TOKEN": "sandbox-of-the-lamps"}

    async def _get(self, path: str, params: Mapping[str, Any]) -> httpx.Response:
        if not self._token:
            raise BadSetting("HUB_LAMPS_TOKEN is missing: ask the company for one.")
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = await self.http.send("GET", path, idempotent=True, headers=headers, params=params)
        if answer.status_code in (401, 403):
            raise Stop(f"HUB_LAMPS_TOKEN is refused (HTTP {answer.status_code}): ask the company for another.")
        return answer
