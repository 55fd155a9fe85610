"""Reads the items of Example in the order of their changes, from where the last run ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.connectors.base import Connector, ConnectorSettings
from hub.contract import Cursor, Page, Raw, Record, Run
from hub.errors import BadRecord, BadSetting, ConfigurationError, ContractBroken
from hub.http_client import Http
from hub.http_client.response_body import Unreadable, json_of

from .mapping import COLUMNS, PERSONAL, PROSE, ExampleItem, time_of, to_record

# Choice: how late the system may list a change. Each run reads this much again; repeated items change nothing.
OVERLAP = timedelta(minutes=5)


class ExampleSettings(ConnectorSettings):
    """``HUB_EXAMPLE_*``; the README describes each."""

    model_config = SettingsConfigDict(env_prefix="HUB_EXAMPLE_")

    token: SecretStr = SecretStr("")
    page_size: int = 40


class Example(Connector):
    """A run reads what changed since the last one; a full run reads everything."""

    name = "example"
    title = "Example"
    owner = "Its owner"
    docs = "https://example.invalid/api"
    kinds = (ExampleItem,)
    Settings = ExampleSettings
    # Choice: who may see the records. PUBLIC: everybody, OFFICERS: every officer, a scope such as "orders:read":
    # viewers with that scope; None, until you know: only clients with records:sync.example.
    visible_to = None
    personal = PERSONAL
    columns = COLUMNS
    prose = PROSE
    id_path = "number"
    # Choice: True if the listing reports every change, so that a run confirms all records.
    reports_all_changes = True
    versions_are_times = True
    # Choice: `register` and `tell`, if the system holds permits that another system holds too (docs/connectors.md).

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, ExampleSettings)
        self._token, self._size = settings.token.get_secret_value(), settings.page_size

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the pages; the cursor of each is the time and number of its last item."""
        at: Cursor = {} if run.full else _start(run.cursor)
        more = True
        while more:
            items, more = _parse_page(await self._get("/items", {**at, "size": self._size}))
            last = next((position for item in reversed(items) if (position := _position(item))), at)
            if more and last == at:
                raise ContractBroken("the system announces more items without a position")
            at = last
            yield Page(items, at)

    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return one item; None if the system does not know it."""
        answer = await self._get(f"/items/{external_id}", {})
        return answer.json() if answer.status_code == 200 else None

    async def probe(self) -> None:
        """Request at most one item."""
        await self._get("/items", {"size": 1})

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping``."""
        return to_record(raw)

    async def _get(self, path: str, params: Mapping[str, Any]) -> httpx.Response:
        if not self._token:
            raise BadSetting("HUB_EXAMPLE_TOKEN is missing: request one from the system's owner.")
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = await self.http.send("GET", path, idempotent=True, headers=headers, params=params)
        if answer.status_code in (401, 403):
            reason = f"HUB_EXAMPLE_TOKEN is refused (HTTP {answer.status_code}): request a new one."
            raise ConfigurationError(reason)
        return answer


def _start(cursor: Cursor) -> Cursor:
    """Return where a run begins: ``OVERLAP`` before the end of the last one; at the start without a cursor."""
    since = cursor.get("since")
    return {"since": (datetime.fromisoformat(since) - OVERLAP).isoformat()} if since else {}


def _position(item: Raw) -> Cursor | None:
    """Return the position of an item in the listing; None if the item has none."""
    number = item.get("number")
    try:
        return {"since": time_of(item).isoformat(), "after": number} if isinstance(number, str) else None
    except BadRecord:
        return None


def _parse_page(answer: httpx.Response) -> tuple[list[Raw], bool]:
    """Return the items of a page, and whether there are more; malformed items are handled one by one."""
    try:
        body = json_of(answer.content)
    except Unreadable:
        body = None
    items, more = (body.get("items"), body.get("more")) if isinstance(body, dict) else (None, None)
    if not isinstance(items, list) or not isinstance(more, bool):
        raise ContractBroken("the list of items is malformed")
    return [item if isinstance(item, dict) else {} for item in items], more
