"""The connector to OSS RBA, the licensing system of the centre. See docs/upstream-contracts/oss.md."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.oss import documents
from hub.connectors.oss.budget import DECISION, INQUIRY, PULL, READ_BACK, Use
from hub.connectors.oss.client import LookUpFailed, OssClient
from hub.connectors.oss.decisions import Decisions
from hub.connectors.oss.mapping import COLUMNS, PERSONAL, PROSE, to_record
from hub.connectors.oss.register import REGISTER, missing_settings, register_of
from hub.connectors.oss.settings import OssSettings
from hub.connectors.oss.webhooks import BODY_LIMIT, WEBHOOKS, Calls
from hub.contract import (
    Coverage,
    Decision,
    Page,
    Raw,
    Record,
    Run,
    SystemDeclaration,
    WebhookCall,
    WebhookResult,
)
from hub.errors import BadSetting, ConfigurationError, TryLater
from hub.http_client import Http
from hub.kinds import Business, Permit

_PROBED = "0000000000000"
"""A NIB that no business has."""
MAX_FAILURES = 3
"""How many look-ups in a row may fail at OSS before the system counts as down."""
PER_PAGE = 20
"""Look-ups whose items are stored at once."""


class Oss(Connector):
    """Businesses and permits of the national register: sent by OSS, and looked up one by one within a budget.

    OSS has no listing. A pull looks up the records that were not checked for longest; what OSS never sent is unknown.
    """

    name = "oss"
    id_path = "id"
    title = "OSS RBA"
    owner = "Kementerian Investasi dan Hilirisasi/BKPM"
    docs = "https://oss-rba.github.io"
    kinds = (Permit, Business)
    Settings = OssSettings
    visible_to = "licensing:read"
    personal = PERSONAL
    columns = COLUMNS
    prose = PROSE
    reports_all_changes = False
    register = REGISTER
    webhooks = WEBHOOKS
    webhook_body_limit = BODY_LIMIT

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        super().__init__(settings, http)
        assert isinstance(settings, OssSettings)
        self._oss_settings, self._calls = settings, Calls(settings)
        self._decisions = Decisions(settings, self._client(DECISION))

    @classmethod
    def covers(cls, settings: ConnectorSettings) -> Coverage:
        """Return ``KNOWN_ONLY``: OSS lists nothing."""
        return Coverage.KNOWN_ONLY

    @classmethod
    def declaration(cls, settings: ConnectorSettings) -> SystemDeclaration:
        """Return the declaration, with what OSS can be told with these settings."""
        assert isinstance(settings, OssSettings)
        return replace(super().declaration(settings), register=register_of(settings))

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the records that are due for a look-up; it takes as long as the budget of calls requires."""
        await self.probe()
        async for ids in run.unfinished(run.now):
            async for items in self._look_up(ids):
                yield Page(items, run.cursor)

    async def _look_up(self, ids: list[str]) -> AsyncIterator[list[Raw]]:
        """Yield the items of ids, those of some look-ups at once, and what was found before an error."""
        items: list[Raw] = []
        failed = 0
        for number, id_ in enumerate(ids, 1):
            try:
                items += await self._items(id_, PULL)
                failed = 0
            except TryLater as error:
                failed += 1
                if not isinstance(error, LookUpFailed) or failed == MAX_FAILURES:
                    if items:
                        yield items
                    raise
            if items and (number % PER_PAGE == 0 or number == len(ids)):
                yield items
                items = []

    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return the item of a business or a permit; None if OSS has none of that id."""
        return await self._item(external_id, DECISION)

    async def probe(self) -> None:
        """Look up a business that does not exist."""
        await self._client(PULL).inquery_nib(_PROBED)

    async def missing_reference_data(self) -> list[str]:
        """Return what is not reported because a setting is missing."""
        return missing_settings(self._oss_settings)

    async def tell(self, decision: Decision) -> list[Raw]:
        """Report a decision of the region; return what OSS has then, or nothing if that look-up fails."""
        permit_id = await self._decisions.bring_over(decision)
        try:
            return await self._items(permit_id, READ_BACK)
        except (TryLater, ConfigurationError):
            return []

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping.to_record``."""
        return to_record(raw)

    @classmethod
    def webhook_disabled_reason(cls, settings: ConnectorSettings, webhook: str) -> str | None:
        """Return which of the two settings of the token is missing."""
        assert isinstance(settings, OssSettings)
        try:
            settings.need("username"), settings.need("password")
        except BadSetting as missing:
            return str(missing)
        return None

    def refuse_unread(self, call: WebhookCall) -> WebhookResult | None:
        """See ``webhooks``."""
        return self._calls.refuse_unread(call)

    def receive(self, call: WebhookCall) -> WebhookResult:
        """See ``webhooks``."""
        return self._calls.receive(call)

    async def inquire(self, reference: str) -> Raw | None:
        """Return the item of a permit whose document has changed."""
        return await self._item(reference, INQUIRY)

    async def _item(self, id_: str, use: Use) -> Raw | None:
        return next((item for item in await self._items(id_, use) if item["id"] == id_), None)

    async def _items(self, id_: str, use: Use) -> list[Raw]:
        """Return the items of one look-up: a business with its permits, or one permit."""
        client, (prefix, _, nib) = self._client(use), id_.partition("-")
        if prefix == "NIB":
            document = await client.inquery_nib(nib)
            return documents.split(document) if document else []
        permit = await client.permit(id_)
        return [permit] if permit else []

    def _client(self, use: Use) -> OssClient:
        return OssClient(self._oss_settings, self.http, use)
