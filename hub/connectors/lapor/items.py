"""Reads reports with their history, and handles those whose calls fail."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.concurrency import gather_limited
from hub.connectors.item_retries import ItemRetries
from hub.connectors.lapor.client import LaporClient, ReportUnreadable
from hub.connectors.lapor.parsing import number_of, plain, time_of
from hub.connectors.lapor.reference_data import ReferenceData
from hub.connectors.lapor.statuses import UNTOUCHED, status_named
from hub.contract import Raw
from hub.errors import TryLater

MAX_CONCURRENT = 6
"""How many histories are read concurrently."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class ReportReader:
    """A reader of raw items for one pull or call."""

    def __init__(self, client: LaporClient) -> None:
        self._client = client
        self._masters: ReferenceData | None = None

    async def masters(self) -> ReferenceData:
        """Return LAPOR's masters, which are read once."""
        if self._masters is None:
            self._masters = await ReferenceData.read(self._client)
        return self._masters

    async def read(self, number: int | str, listed: Raw | None = None) -> Raw | None:
        """Return a report with its history; ``None`` if LAPOR has none of that id.

        Of the listed report and the one read singly the newer counts: either may be outdated.
        """
        found = await self._client.report(number)
        if found is None:
            return None
        report, logs = found
        if listed and updated(report) < updated(listed):
            report = listed
        followups = [] if number_of(report.get("followups_count")) == 0 else await self._client.followups(number)
        if followups is None:
            raise ReportUnreadable(f"LAPOR has no follow-ups of report {number}, though it has the report")
        return (await self.masters()).item(report, logs, followups)

    async def without_history(self, report: Raw, error: str) -> Raw:
        """Return an item that the mapping refuses with ``error``, so that the report keeps its stored history."""
        return {**(await self.masters()).item(report, None, None), "trouble": error}

    async def read_listed(self, reports: list[Raw], retries: ItemRetries) -> list[Raw]:
        """Return the reports of a listing, each with its history."""

        async def item(report: Raw) -> Raw:
            number = number_of(report.get("id"))
            found = None if number is None or _untouched(report) else await self._try_read(number, report, retries)
            return found or (await self.masters()).item(report, [], [])

        return await gather_limited(item, reports, MAX_CONCURRENT)

    async def read_known(self, ids: list[str], retries: ItemRetries) -> list[Raw]:
        """Return the reports with these ids that LAPOR has."""

        async def item(number: str) -> Raw | None:
            return None if number_of(number) is None else await self._try_read(number, None, retries)

        return [found for found in await gather_limited(item, ids, MAX_CONCURRENT) if found is not None]

    async def _try_read(self, number: int | str, listed: Raw | None, retries: ItemRetries) -> Raw | None:
        error = retries.waiting_reason(str(number))
        if error is None:
            result = await retries.attempt(str(number), lambda: self.read(number, listed))
            if not isinstance(result, TryLater):
                return result
            error = str(result)
        return await self.without_history(listed or {"id": number}, error)


def updated(report: Raw) -> datetime:
    """Return when a report was updated; without a readable time it counts as the oldest."""
    return time_of(report.get("updated_at")) or LONG_AGO


def _untouched(report: Raw) -> bool:
    """Return whether a report has no history to read: not past verification, and without follow-ups."""
    return status_named(plain(report.get("status_name"))) in UNTOUCHED and not number_of(report.get("followups_count"))
