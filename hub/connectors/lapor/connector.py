"""Speaks to SP4N-LAPOR! v3 through SPLP (contract A.3 and L.1), in both directions; reshapes nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.complaints.attachments import MOST_BYTES
from hub.complaints.codes import Channel
from hub.complaints.forwarding import DeliveryAction
from hub.connectors.base import (
    Connector,
    ConnectorSettings,
    Coverage,
    Cursor,
    Delivery,
    File,
    Intake,
    Page,
    Raw,
    Record,
    Run,
)
from hub.connectors.http import Http
from hub.connectors.lapor.calls import Calls, LaporSettings
from hub.connectors.lapor.incoming import files, intake
from hub.connectors.lapor.mapping import PERSONAL, to_record
from hub.connectors.lapor.masters import Masters
from hub.connectors.lapor.sandbox_masters import OUR_INSTITUTIONS
from hub.connectors.lapor.sending import Sending
from hub.connectors.lapor.shared import SHARED, told
from hub.connectors.lapor.statuses import UNTOUCHED, status_named
from hub.connectors.lapor.values import ASKED, JAKARTA, number_of, plain, time_of
from hub.connectors.sharing import Told
from hub.connectors.together import together
from hub.errors import Refused, Stop
from hub.kinds import Report

AT_ONCE = 6
"""Reports whose history is asked for at the same time."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Lapor(Connector):
    """Reports at the centre, with their history. The listing tells every change, an hour or a year old.

    Complaints are forwarded to it, and what follows them; reports passed on to us come in as complaints.
    """

    name = "lapor"
    id_path = "report.id"
    title = "SP4N-LAPOR!"
    owner = "Kementerian PANRB"
    docs = "https://blog.lapor.go.id/integrasi"
    kinds = (Report,)
    Settings = LaporSettings
    personal = PERSONAL
    sends = frozenset(DeliveryAction)
    shared = SHARED
    channel = Channel.LAPOR

    def __init__(self, settings: ConnectorSettings, http: Http) -> None:
        assert isinstance(settings, LaporSettings)
        super().__init__(settings, http)
        self._listing, self._settle = settings.listing, timedelta(seconds=settings.settle)
        self._institutions = frozenset(settings.institutions)
        self._file_hosts = frozenset(map(str.lower, settings.file_hosts))
        self._calls = Calls(settings, http)
        self._sending = Sending(settings, http, self._calls)
        self._masters: Masters | None = None

    @classmethod
    def covers(cls, settings: ConnectorSettings) -> Coverage:
        """Without a listing only the reports whose ids the hub knows can be asked for."""
        return Coverage.KNOWN_ONLY if isinstance(settings, LaporSettings) and not settings.listing else Coverage.FULL

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        """The reports that changed since the cursor, or all; one by one where there is no listing."""
        # Before several reports are asked for at once, each of which would read them.
        await self._known_masters()
        async for page in self._changed(run) if self._listing else self._known(run):
            yield page

    async def one(self, external_id: str) -> Raw | None:
        """One report with its history; ``None`` where LAPOR knows none of that id."""
        return await self._item(external_id, None) if number_of(external_id) is not None else None

    async def probe(self) -> None:
        """The shortest master, which needs both headers."""
        await self._calls.master("channels")

    def map(self, raw: Mapping[str, Any]) -> Record:
        """See ``mapping.to_record``."""
        return to_record(raw)

    async def send(self, delivery: Delivery) -> str:
        """See ``sending``."""
        return await self._sending.send(delivery)

    def looks_up(self, delivery: Delivery) -> bool:
        """A new report is found by its tag, for which there must be a listing; the rest by the report's history."""
        return self._listing or delivery.action is not DeliveryAction.CREATE

    @property
    def settle(self) -> float:
        """A report may take that long to show."""
        return self._settle.total_seconds()

    async def look_up(self, delivery: Delivery) -> str | None:
        """See ``sending``."""
        return await self._sending.look_up(delivery)

    def theirs(self, record: Record) -> Mapping[str, Told]:
        """See ``shared.told``."""
        return told(record)

    def intake(self, raw: Mapping[str, Any], record: Record) -> Intake | None:
        """See ``incoming.intake``."""
        return intake(raw, record, self._institutions)

    def files(self, raw: Mapping[str, Any]) -> tuple[File, ...]:
        """See ``incoming.files``."""
        return files(raw)

    async def fetch(self, file: File) -> bytes:
        """A file from LAPOR's own host, or one that a setting names: an item may not send the hub anywhere else."""
        if not self.http.may_fetch(file.url, self._file_hosts):
            raise Refused("the address of the file is not LAPOR's: name its host in HUB_LAPOR_FILE_HOSTS if it is")
        return await self.http.fetch(file.url, most=MOST_BYTES)

    @classmethod
    def sandbox_settings(cls, url: str, folder: Path) -> dict[str, str]:
        """Made-up credentials, and the sandbox's ids of the province's institutions."""
        return {
            "HUB_LAPOR_URL": url,
            "HUB_LAPOR_AUTH": "Bearer sandbox-of-lapor",
            "HUB_LAPOR_TOKEN": "{3399AAAA-0000-4000-8000-000000000001}",
            "HUB_LAPOR_INSTITUTIONS": ",".join(map(str, OUR_INSTITUTIONS)),
        }

    async def _changed(self, run: Run) -> AsyncIterator[Page]:
        """Walk the listing by the time of update, not by page number, because pages move while they are read.

        Each step asks for what was updated from the last time seen on. A report that is updated
        meanwhile goes to the end of the listing and is met there, so the end stays open.
        """
        start, more = None if run.full else self._begin(run.cursor), True
        cursor = {} if run.full else run.cursor
        while more:
            listed, more = await self._calls.listing(start)
            last = _latest(listed, start)
            if more and last is None:
                raise Stop("LAPOR's listing does not keep to updated_from, so the hub cannot go on from where it was")
            if more and start and last == start:
                async for page in self._second(start):
                    yield page
                start = start + timedelta(seconds=1)
            else:
                start, cursor = last, _cursor(last) if last else cursor
                yield Page(await self._with_history(listed), cursor)

    def _begin(self, cursor: Cursor) -> datetime | None:
        """A report shows late by ``settle`` seconds at most, so a run begins that much before what was seen last."""
        seen = time_of(cursor.get("updated_from"))
        return seen - self._settle if seen else None

    async def _second(self, start: datetime) -> AsyncIterator[Page]:
        """All reports of one second that fill more than a page, from the last page to the first.

        Those behind a report that leaves move forward while this is read; towards the front each of
        them is met.
        """
        end, page, more = start + timedelta(seconds=1), 0, True
        while more:
            page += 1
            _, more = await self._calls.listing(start, end, page)
        for number in range(page, 0, -1):
            listed, _ = await self._calls.listing(start, end, number)
            yield Page(await self._with_history(listed), _cursor(start))

    async def _known(self, run: Run) -> AsyncIterator[Page]:
        async for ids in run.known:
            told = await together(self.one, ids, AT_ONCE)
            yield Page([item for item in told if item is not None], run.cursor)

    async def _with_history(self, listed: list[Raw]) -> list[Raw]:
        async def item(report: Raw) -> Raw:
            number = number_of(report.get("id"))
            told = None if number is None or _untouched(report) else await self._item(number, report)
            return told or (await self._known_masters()).item(report, [], [])

        return await together(item, listed, AT_ONCE)

    async def _item(self, number: int | str, listed: Raw | None) -> Raw | None:
        """A report with its history. Of what is listed and what is told singly the newer holds: either may be late."""
        told = await self._calls.report(number)
        if told is None:
            return None
        report, logs = told
        if listed and _time(report) < _time(listed):
            report = listed
        followups = [] if number_of(report.get("followups_count")) == 0 else await self._calls.followups(number)
        return (await self._known_masters()).item(report, logs, followups)

    async def _known_masters(self) -> Masters:
        if self._masters is None:
            self._masters = await Masters.read(self._calls)
        return self._masters


def _time(report: Raw) -> datetime:
    """When a report was updated; one that does not say so readably counts as the oldest."""
    return time_of(report.get("updated_at")) or _LONG_AGO


def _latest(listed: list[Raw], start: datetime | None) -> datetime | None:
    """The latest update on a page, whatever the order of its rows; ``None`` where none is at or after ``start``."""
    return max((time for time in map(_time, listed) if time >= (start or _LONG_AGO) and time > _LONG_AGO), default=None)


def _cursor(seen: datetime) -> Cursor:
    return {"updated_from": seen.astimezone(JAKARTA).strftime(ASKED)}


def _untouched(report: Raw) -> bool:
    """Whether a report has no history worth two calls: not past verification, and nobody wrote."""
    return status_named(plain(report.get("status_name"))) in UNTOUCHED and not number_of(report.get("followups_count"))
