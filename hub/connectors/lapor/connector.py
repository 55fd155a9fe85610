"""The connector to SP4N-LAPOR! v3 through SPLP, in both directions. See docs/upstream-contracts/lapor.md."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from hub.complaints.attachments import MAX_BYTES
from hub.complaints.enums import Channel
from hub.complaints.field_authority import Value
from hub.complaints.forwarding import DeliveryAction
from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.item_retries import ItemRetries
from hub.connectors.lapor.client import LaporClient, LaporSettings, ReportUnreadable
from hub.connectors.lapor.field_authority import SHARED, shared_values
from hub.connectors.lapor.intake import files, intake
from hub.connectors.lapor.items import LONG_AGO, ReportReader, updated
from hub.connectors.lapor.mapping import COLUMNS, PERSONAL, PROSE, to_record
from hub.connectors.lapor.missing_reference_data import missing_reference_data
from hub.connectors.lapor.outbound import OutboundCalls
from hub.connectors.lapor.parsing import JAKARTA, QUERY_TIME_FORMAT, number_of, time_of
from hub.contract import Coverage, Cursor, Delivery, File, Intake, Page, Raw, Record, Run
from hub.errors import ContractBroken, Refused
from hub.http_client import Http
from hub.http_client.source_clock import MARGIN, cursor_time, resume_time
from hub.kinds import Report


class Lapor(Connector):
    """Reports at the centre, with their history; the listing reports every change of any age.

    The hub forwards complaints and their follow-ups to LAPOR, and takes in reports that it passes on to the province.
    """

    name = "lapor"
    id_path = "report.id"
    title = "SP4N-LAPOR!"
    owner = "Kementerian PANRB"
    docs = "https://blog.lapor.go.id/integrasi"
    kinds = (Report,)
    Settings = LaporSettings
    visible_to = "reports:read"
    personal = PERSONAL
    columns = COLUMNS
    prose = PROSE
    sends = frozenset(DeliveryAction)
    shared = SHARED
    channel = Channel.LAPOR
    versions_are_times = True

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        assert isinstance(settings, LaporSettings)
        super().__init__(settings, http)
        self._listing, self._settle = settings.listing, timedelta(seconds=settings.settle)
        self._institutions = frozenset(settings.institutions)
        self._file_hosts = frozenset(map(str.lower, settings.file_hosts))
        self._lapor_settings, self._client = settings, LaporClient(settings, http)
        self._outbound = OutboundCalls(settings, http, self._client)
        self._reader = ReportReader(self._client)

    @classmethod
    def covers(cls, settings: ConnectorSettings) -> Coverage:
        """Return ``KNOWN_ONLY`` without a listing: the hub can then read only the reports whose ids it has."""
        return Coverage.KNOWN_ONLY if isinstance(settings, LaporSettings) and not settings.listing else Coverage.FULL

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """Yield the reports that changed since the cursor, or all; without a listing one by one."""
        # Read them first: otherwise each of several concurrent reports would.
        await self._reader.masters()
        retries = ItemRetries(run.cursor, run.now, ReportUnreadable)
        async with aclosing(retries.recorded_in(self._all(run, retries), {} if run.full else run.cursor)) as pages:
            async for page in pages:
                yield page

    async def _all(self, run: Run, retries: ItemRetries) -> AsyncGenerator[Page, None]:
        cursor = run.cursor
        read = self._changed_pages if self._listing else self._known_pages
        async with aclosing(read(run, retries)) as pages:
            async for page in pages:
                cursor = page.cursor
                yield page
        if due := retries.due():
            yield Page(await self._reader.read_known(due, retries), cursor)

    async def fetch_one(self, external_id: str) -> Raw | None:
        """Return one report with its history; ``None`` if LAPOR has none of that id."""
        if number_of(external_id) is None:
            return None
        try:
            return await self._reader.read(external_id)
        except ReportUnreadable as error:
            return await self._reader.without_history({"id": external_id}, str(error))

    async def probe(self) -> None:
        """Read the shortest master, which needs both headers."""
        await self._client.master("channels")

    async def missing_reference_data(self) -> list[str]:
        """See ``missing_reference_data``."""
        return await missing_reference_data(self._lapor_settings, self._client)

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping.to_record``."""
        return to_record(raw)

    async def send(self, delivery: Delivery) -> str:
        """See ``outbound``."""
        return await self._outbound.send(delivery)

    def can_look_up(self, delivery: Delivery) -> bool:
        """Return whether a look-up is possible: a new report needs a listing with tags, others only their history."""
        return self._listing or delivery.action is not DeliveryAction.CREATE

    @property
    def settle_seconds(self) -> float:
        """Seconds before a new report is sure to appear in the listing."""
        return self._settle.total_seconds()

    async def look_up(self, delivery: Delivery) -> str | None:
        """See ``outbound``."""
        return await self._outbound.look_up(delivery)

    def shared_values(self, record: Record) -> Mapping[str, Value]:
        """See ``field_authority.shared_values``."""
        return shared_values(record)

    def intake(self, raw: Mapping[str, Any], record: Record) -> Intake | None:
        """See ``intake.intake``."""
        return intake(raw, record, self._institutions)

    def files(self, raw: Mapping[str, Any]) -> tuple[File, ...]:
        """See ``intake.files``."""
        return files(raw)

    async def fetch(self, file: File) -> bytes:
        """Download a file from LAPOR's host, or one in the settings: an item must not lead the hub elsewhere."""
        if not self.http.is_allowed(file.url, self._file_hosts):
            raise Refused("the URL of the file is not LAPOR's; if it is, name its host in HUB_LAPOR_FILE_HOSTS")
        return await self.http.fetch(file.url, most=MAX_BYTES)

    async def _changed_pages(self, run: Run, retries: ItemRetries) -> AsyncGenerator[Page, None]:
        """Read the listing by time of update, not by page number, because rows move between pages.

        Each step requests the reports updated since the last time seen. A report that is updated meanwhile moves to
        the end of the listing and is read there, so the range has no end. Reports with a timestamp after now are
        read too, but the cursor stays before it.
        """
        latest = max(run.now, self.http.clock.now(run.now)) + MARGIN
        start, more = None if run.full else self._start_time(run.cursor), True
        cursor = {} if run.full else run.cursor
        while more:
            listed, more = await self._client.listing(start)
            last = _latest(listed, start, latest)
            if more and last is None:
                raise ContractBroken("LAPOR's listing ignores updated_from, so the hub cannot resume from its cursor")
            if more and start and last == start:
                async for page in self._pages_of_second(start, self._cursor(start, run.now), retries):
                    yield page
                start = start + timedelta(seconds=1)
            else:
                start, cursor = last, self._cursor(last, run.now) if last else cursor
                yield Page(await self._reader.read_listed(listed, retries), cursor)

    def _start_time(self, cursor: Cursor) -> datetime | None:
        """Return the start of a run: the last time seen, less the listing's delay and a clock that was set back."""
        seen = time_of(cursor.get("updated_from"))
        return resume_time(seen, cursor.get("ahead", 0), self.http.clock) - self._settle if seen else None

    def _cursor(self, seen: datetime, now: datetime) -> Cursor:
        """Return the cursor; ``ahead`` is how many seconds LAPOR's clock was ahead of the hub's, if it was."""
        clock = self.http.clock
        at = cursor_time(seen, now, clock).astimezone(JAKARTA).strftime(QUERY_TIME_FORMAT)
        ahead = round(clock.offset.total_seconds(), -1) if clock.offset else 0
        return {"updated_from": at, "ahead": ahead} if ahead else {"updated_from": at}

    async def _pages_of_second(self, start: datetime, cursor: Cursor, retries: ItemRetries) -> AsyncIterator[Page]:
        """Yield the reports of one second that fill more than a page, from the last page to the first.

        When a report leaves, those behind it move forward; reading towards the front still meets each of them.
        """
        end, page, more = start + timedelta(seconds=1), 0, True
        while more:
            page += 1
            _, more = await self._client.listing(start, end, page)
        for number in range(page, 0, -1):
            listed, _ = await self._client.listing(start, end, number)
            yield Page(await self._reader.read_listed(listed, retries), cursor)

    async def _known_pages(self, run: Run, retries: ItemRetries) -> AsyncGenerator[Page, None]:
        async for ids in run.known:
            yield Page(await self._reader.read_known(ids, retries), run.cursor)


def _latest(listed: list[Raw], start: datetime | None, now: datetime) -> datetime | None:
    """Return the latest update on a page, in any order of rows; ``None`` if none is at or after ``start``.

    A timestamp after ``now`` counts only if no other one is after ``start``.
    """
    first = start or LONG_AGO
    times = [time for time in map(updated, listed) if time >= first and time > LONG_AGO]
    by_now = max((time for time in times if time <= now), default=first)
    return by_now if by_now > first else max(times, default=None)
