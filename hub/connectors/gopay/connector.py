"""The connector to the payment provider: its transaction history and its notifications.

Contract gopay#history-list, gopay#history-detail, gopay#history-item, gopay#notifications.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from hub.concurrency import gather_limited
from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.gopay.client import GopayClient
from hub.connectors.gopay.mapping import COLUMNS, PERSONAL, to_record
from hub.connectors.gopay.settings import GopaySettings, variable
from hub.connectors.gopay.signing import timestamp
from hub.connectors.gopay.status_inquiry import get_status
from hub.connectors.gopay.webhooks import CLASSIC, SERVICES, Notifications
from hub.connectors.item_retries import ItemRetries
from hub.contract import Cursor, Page, Raw, Record, Run, WebhookCall, WebhookResult
from hub.errors import ContractBroken, TryLater
from hub.http_client import Http
from hub.kinds import Payment

LIST, DETAIL = "/v1.0/transaction-history-list", "/v1.0/transaction-history-detail"
PAGE_SIZE = 50
HISTORY = timedelta(days=184)
"""The list refuses older times (contract gopay#history-list: six months are 184 days)."""
MARGIN = timedelta(hours=1)
"""How far a run keeps from that edge, which moves on while the run lasts."""
WINDOW = timedelta(days=2)
"""The range of one request: late items move the rest of a window to later pages, so windows are short."""
OVERLAP = timedelta(hours=24)
"""The range that every run reads again, for late items and unfinished payments."""
REVIEW = timedelta(days=31)
"""The range that the first run after ``REVIEW_EVERY`` reads again, for refunds and corrections days later."""
REVIEW_EVERY = timedelta(days=1)
MAX_CONCURRENT = 6
"""How many payments are read singly at the same time."""

_ENVELOPE = frozenset({"responseCode", "responseMessage"})


class Gopay(Connector):
    """Payments by the time they were made, oldest first, in short windows of zero-based pages.

    The history has the time of a payment and not of its change, so every run reads a part of the past again. The
    cursor is ``{"from": start of the next run, "reviewed": time of the last long review}``.
    """

    name = "gopay"
    id_path = "additionalInfo.referenceNo"
    title = "Go-Pay / Trans Jateng"
    owner = "Dinas Perhubungan"
    docs = "https://docs.midtrans.com/reference/transaction-history-list-api"
    kinds = (Payment,)
    Settings = GopaySettings
    visible_to = "payments:read"
    personal = PERSONAL
    columns = COLUMNS
    reports_all_changes = False
    webhooks = (*SERVICES, CLASSIC)
    horizon_days = 183  # One day less than the list gives: its edge moves while a run lasts.

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, GopaySettings)
        self._gopay_settings = settings
        self._client = GopayClient(settings, http)
        self._notifications = Notifications(settings)

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the pages of every window up to ``run.now``, however long the run lasts.

        While a window is read the cursor stays at its start, because page numbers are not stable. Unfinished payments
        from before the first window are read singly.
        """
        retries = ItemRetries(run.cursor, run.now)
        async with aclosing(retries.recorded_in(self._all(run, retries), {} if run.full else run.cursor)) as pages:
            async for page in pages:
                yield page

    async def _all(self, run: Run, retries: ItemRetries) -> AsyncGenerator[Page, None]:
        first, reviewed = start_of_run(run)
        start = first
        while start < run.now:
            end = min(start + WINDOW, run.now)
            async for items, last in self._window(start, end):
                at = start if not last else end if end < run.now else end - OVERLAP
                yield Page(items, cursor(at, reviewed))
            start = end
        async for references in run.unfinished(first):
            yield Page(await self._details(references, retries), cursor(run.now - OVERLAP, reviewed))
        if due := retries.due():
            yield Page(await self._details(due, retries), cursor(run.now - OVERLAP, reviewed))

    async def _details(self, references: list[str], retries: ItemRetries) -> list[Raw]:
        """Return the details of payments; one whose call fails keeps its stored state."""

        async def detail(reference: str) -> Raw | None:
            found = await retries.attempt(reference, lambda: self.fetch_one(reference))
            return None if isinstance(found, TryLater) else found

        due = [each for each in references if retries.waiting_reason(each) is None]
        return [item for item in await gather_limited(detail, due, MAX_CONCURRENT) if item is not None]

    async def _window(self, start: datetime, end: datetime) -> AsyncIterator[tuple[list[Raw], bool]]:
        """Yield pages until a short one, each with whether it is the last.

        Adjacent windows share their boundary, so that no second is lost if the provider excludes it.
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
        answer = await self._client.request(LIST, body)
        items = None if answer is None else answer.get("detailData")
        if not isinstance(items, list | None):
            raise ContractBroken(f"{LIST} answered without a list in detailData")
        return [item if isinstance(item, dict) else {} for item in items or ()]

    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return the detail of one ``referenceNo``, without the envelope of the answer."""
        answer = await self._client.request(DETAIL, {"additionalInfo": {"referenceNo": external_id}}, single=True)
        return answer and {name: value for name, value in answer.items() if name not in _ENVELOPE}

    async def probe(self) -> None:
        """Request one item of the last minute."""
        now = datetime.now().astimezone()
        await self._page(now - timedelta(minutes=1), now, 0, 1)

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping``."""
        return to_record(raw)

    @classmethod
    def webhook_disabled_reason(cls, settings: ConnectorSettings, webhook: str) -> str | None:
        """Return the missing setting: the provider's key or the partner id, or the server key for classic calls."""
        assert isinstance(settings, GopaySettings)
        for name in ("server_key",) if webhook == CLASSIC else ("notify_public_key_file", "partner_id"):
            if not settings.has(name):
                return f"{variable(name)} is not set."
        if webhook != CLASSIC:
            settings.notify_public_key()
        return None

    def receive(self, call: WebhookCall) -> WebhookResult:
        """See ``webhooks``."""
        return self._notifications.receive(call)

    async def inquire(self, reference: str) -> Raw | None:
        """See ``status_inquiry``: the order of a classic notification."""
        return await get_status(self._gopay_settings, self.http, reference)


def start_of_run(run: Run) -> tuple[datetime, datetime]:
    """Return the start of a run, and of the last long review; never older than the list accepts."""
    oldest = run.now - HISTORY + MARGIN
    if run.full or "from" not in run.cursor:
        return oldest, run.now
    start = min(datetime.fromisoformat(run.cursor["from"]), run.now - OVERLAP)
    reviewed = datetime.fromisoformat(run.cursor["reviewed"])
    # A review in the future, after the hub's clock was set back, must not suppress the next one.
    if abs(run.now - reviewed) >= REVIEW_EVERY:
        start, reviewed = min(start, run.now - REVIEW), run.now
    return max(start, oldest), reviewed


def cursor(at: datetime, reviewed: datetime) -> Cursor:
    """Return the cursor, with times in ISO 8601 with zone, to the second."""
    return {"from": timestamp(at), "reviewed": timestamp(reviewed)}
