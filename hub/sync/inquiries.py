"""Makes inquiries: asks a system about the subject of a webhook that proves too little, and stores the answer."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import structlog

from hub.connectors.base import Connector
from hub.contract import Raw
from hub.errors import HubError
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.ingest import inquiries
from hub.store.ingest.inquiries import Inquiry
from hub.sync.ingest import Ingest

log = structlog.get_logger()

BATCH = 50
"""Number of inquiries that are read at a time."""
MAX_FAILURES = 3
"""Number of consecutive failures after which a run ends."""
RETRY_DELAYS = tuple(timedelta(minutes=each) for each in (1, 5, 30, 120, 360, 1440))
"""The wait after each failed attempt; the last one is repeated."""
ABSENT_DELAYS = (timedelta(days=1), timedelta(days=7))
"""The wait after each answer that the system does not have what another system has; the last one is repeated."""
NOT_FOUND_REASON = "the system has no such record"


class InquiryRun:
    """One run over the due inquiries of one connector's system."""

    def __init__(self, database: Database, connector: Connector, cipher: FieldCipher) -> None:
        self._database, self._connector = database, connector
        self._ingest, self._name = Ingest(connector, cipher), connector.name
        self._cause = Cause(f"inquiry:{self._name}", "worker", uuid.uuid4().hex)

    async def run(self) -> tuple[int, int]:
        """Make inquiries until none is due; return how many were answered and how many failed."""
        answered = failures = consecutive = 0
        while due := await self._due():
            for inquiry in due:
                failed = await self._inquire(inquiry)
                answered, failures = answered + (not failed), failures + failed
                consecutive = consecutive + 1 if failed else 0
                if consecutive == MAX_FAILURES:
                    return answered, failures
        return answered, failures

    async def _due(self) -> list[Inquiry]:
        async with self._database.read() as db:
            return await inquiries.due(db, self._name, BATCH)

    async def _inquire(self, inquiry: Inquiry) -> bool:
        """Make one inquiry; return whether it failed."""
        try:
            raw = await self._connector.inquire(inquiry.reference)
        except HubError as error:
            return await self._record_failure(inquiry, str(error))
        return await self._record_absence(inquiry) if raw is None else await self._store(inquiry, raw)

    async def _store(self, inquiry: Inquiry, raw: Raw) -> bool:
        async with self._database.write(self._cause) as db:
            await self._ingest.store(db, [raw], datetime.now(UTC))
            await inquiries.mark_answered(db, self._name, inquiry.reference)
        return False

    async def _record_absence(self, inquiry: Inquiry) -> bool:
        wait = ABSENT_DELAYS[min(inquiry.attempts, len(ABSENT_DELAYS) - 1)]
        async with self._database.write(self._cause) as db:
            if await inquiries.mark_absent(db, self._name, inquiry.reference, wait):
                return False
        return await self._record_failure(inquiry, NOT_FOUND_REASON)

    async def _record_failure(self, inquiry: Inquiry, error: str) -> bool:
        log.warning("inquiry.failed", system=self._name, attempts=inquiry.attempts + 1, error=error)
        wait = RETRY_DELAYS[min(inquiry.attempts, len(RETRY_DELAYS) - 1)]
        async with self._database.write(self._cause) as db:
            await inquiries.mark_failed(db, self._name, inquiry.reference, error, wait)
        return True
