"""Reads the payment provider's transaction history and takes its notifications: speaks HTTP, reshapes nothing.

Contracts B.4 to B.7 and L.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.connectors.base import Connector, ConnectorSettings, Cursor, Page, Raw, Record, Run
from hub.connectors.gopay.access import Access
from hub.connectors.gopay.hooks import CLASSIC, SERVICES, Notifications
from hub.connectors.gopay.mapping import PERSONAL, to_record
from hub.connectors.gopay.settings import GopaySettings, make_key, variable
from hub.connectors.gopay.signing import timestamp
from hub.connectors.hooks import HookCall, HookTold
from hub.connectors.http import Http
from hub.errors import Stop
from hub.kinds import Payment

LIST, DETAIL = "/v1.0/transaction-history-list", "/v1.0/transaction-history-detail"
PAGE_SIZE = 50
HISTORY = timedelta(days=184)
"""The list refuses what is older (contract L.6: six months are 184 days)."""
MARGIN = timedelta(hours=1)
"""How far a run keeps from that edge, which moves on while the run lasts."""
WINDOW = timedelta(days=2)
"""What is asked for at a time: late items push the rest of a window down the pages, so windows are short."""
OVERLAP = timedelta(hours=24)
"""What every run reads again: items that come late, payments that were still under way."""
REVIEW = timedelta(days=31)
"""What the first run after ``REVIEW_EVERY`` reads again: refunds and corrections, which come days later."""
REVIEW_EVERY = timedelta(days=1)

_ENVELOPE = frozenset({"responseCode", "responseMessage"})


class Gopay(Connector):
    """Payments by the time they were made, oldest first, in short windows of zero-based pages.

    The history says when a payment was made and not when it changed, so every run reads a stretch of
    the past again. The cursor is ``{"from": where the next run begins, "reviewed": the last long look back}``.
    """

    name = "gopay"
    id_path = "additionalInfo.referenceNo"
    title = "Go-Pay / Trans Jateng"
    owner = "Dinas Perhubungan"
    docs = "https://docs.midtrans.com/reference/transaction-history-list-api"
    kinds = (Payment,)
    Settings = GopaySettings
    personal = PERSONAL
    tells_changes = False
    hooks = (*SERVICES, CLASSIC)
    horizon_days = 183  # One day less than the list gives: its edge moves while a run lasts.

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, GopaySettings)
        self._access = Access(settings, http)
        self._notifications = Notifications(settings)

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Every page of every window up to ``run.now``, which stays the end however long the run lasts.

        While a window is read the cursor stays at its start, because pages have no place that is kept.
        """
        start, reviewed = beginning(run)
        while start < run.now:
            end = min(start + WINDOW, run.now)
            async for items, last in self._window(start, end):
                at = start if not last else end if end < run.now else end - OVERLAP
                yield Page(items, cursor(at, reviewed))
            start = end

    async def _window(self, start: datetime, end: datetime) -> AsyncIterator[tuple[list[Raw], bool]]:
        """Pages until a short one; with each, whether it was the last.

        Neighbours share their edge, whether or not the provider counts it in, lest a second is lost.
        """
        number, last = 0, False
        while not last:
            items = await self._page(start, end, number, PAGE_SIZE)
            number, last = number + 1, len(items) < PAGE_SIZE
            yield items, last

    async def _page(self, start: datetime, end: datetime, number: int, size: int) -> list[Raw]:
        body = {
            "fromDateTime": timestamp(start),
            "toDateTime": timestamp(end),
            "pageSize": str(size),
            "pageNumber": str(number),
            "additionalInfo": {"types": ["PAYMENT"]},
        }
        answer = await self._access.ask(LIST, body)
        items = [] if answer is None else answer.get("detailData") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Stop(f"{LIST} answered without a list of objects in detailData")
        return items

    async def one(self, external_id: str) -> Raw | None:
        """The detail of one ``referenceNo``, without the answer's envelope."""
        answer = await self._access.ask(DETAIL, {"additionalInfo": {"referenceNo": external_id}})
        return answer and {name: value for name, value in answer.items() if name not in _ENVELOPE}

    async def probe(self) -> None:
        """One item of the last minute."""
        now = datetime.now().astimezone()
        await self._page(now - timedelta(minutes=1), now, 0, 1)

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping``."""
        return to_record(raw)

    @classmethod
    def hook_off(cls, settings: ConnectorSettings, hook: str) -> str | None:
        """Notifications of SNAP want the provider's key and our partner id, classic ones the server key."""
        assert isinstance(settings, GopaySettings)
        for name in ("server_key",) if hook == CLASSIC else ("notify_public_key_file", "partner_id"):
            if not settings.has(name):
                return f"{variable(name)} is not set."
        if hook != CLASSIC:
            settings.notify_public_key()
        return None

    def receive(self, call: HookCall) -> HookTold:
        """See ``hooks``."""
        return self._notifications.receive(call)

    @classmethod
    def sandbox_settings(cls, url: str, folder: Path) -> dict[str, str]:
        """Made-up credentials; the secrets follow from the key, so that they stay the same."""
        file, notify = folder / "gopay.pem", folder / "gopay-notify.pem"
        for each in (file, notify):
            if not each.exists():
                make_key(each)
        prefix, key = f"HUB_{cls.name.upper()}_", file.read_bytes()
        return {
            f"{prefix}URL": url,
            f"{prefix}CLIENT_KEY": "hub-demo",
            f"{prefix}PRIVATE_KEY_FILE": str(file),
            f"{prefix}CLIENT_SECRET": hashlib.sha256(b"client" + key).hexdigest(),
            f"{prefix}NOTIFY_PUBLIC_KEY_FILE": str(notify.with_suffix(".pub")),
            f"{prefix}SERVER_KEY": hashlib.sha256(b"server" + key).hexdigest(),
            f"{prefix}PARTNER_ID": "HUBJATENG",
            f"{prefix}CHANNEL_ID": "95221",
        }


def beginning(run: Run) -> tuple[datetime, datetime]:
    """Where a run begins to read, and when the last long look back began; never older than the list accepts."""
    oldest = run.now - HISTORY + MARGIN
    if run.full or not run.cursor:
        return oldest, run.now
    start = min(datetime.fromisoformat(run.cursor["from"]), run.now - OVERLAP)
    reviewed = datetime.fromisoformat(run.cursor["reviewed"])
    if run.now - reviewed >= REVIEW_EVERY:
        start, reviewed = min(start, run.now - REVIEW), run.now
    return max(start, oldest), reviewed


def cursor(at: datetime, reviewed: datetime) -> Cursor:
    """Both as ISO 8601 with zone, to the second."""
    return {"from": timestamp(at), "reviewed": timestamp(reviewed)}
