"""The reports of the LAPOR sandbox: by id, and in the listing's order of update, then id."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from hub.connectors.lapor.sandbox.query import Query
from hub.connectors.lapor.sandbox.reports import StoredReport

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


_REFERENCE = re.compile(r"Ref\. (LG-\d{4}-\d{6,18}/\d+)(?: \w+)?\s*\Z")
"""The reference at the end of texts of the province; elsewhere in a text anybody may write one."""


class ReportStore:
    """Reports in order; change one only through ``change``, which updates the order.

    ``on_change`` is called with each report that was added or changed.
    """

    def __init__(
        self, reports: Iterable[StoredReport], on_change: Callable[[StoredReport], None] = lambda report: None
    ) -> None:
        self._on_change = on_change
        self._by_id = {report.id: report for report in reports}
        self._order = sorted((report.updated_at, report.id) for report in self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def tickets(self) -> int:
        """The number of reports with a ticket of the province."""
        return sum(report.ticket is not None for report in self._by_id.values())

    @property
    def doubled(self) -> int:
        """The number of tickets on several reports, and of references in several follow-ups or notes."""
        seen = Counter(report.ticket for report in self._by_id.values() if report.ticket)
        seen.update(self._references())
        return sum(times > 1 for times in seen.values())

    @property
    def references(self) -> int:
        """The number of follow-ups and notes with a reference of the province."""
        return sum(1 for _ in self._references())

    def ids(self) -> Iterable[int]:
        """Return all ids."""
        return self._by_id.keys()

    def tagged(self, ticket: str) -> StoredReport | None:
        """Return the first report with that tag."""
        return next((report for report in self._by_id.values() if report.ticket == ticket), None)

    def get(self, number: str) -> StoredReport | None:
        """Return the report of that id."""
        return self._by_id.get(int(number)) if number.isascii() and number.isdigit() else None

    def put(self, report: StoredReport) -> None:
        """Add a report."""
        self.load(report)
        self._on_change(report)

    def load(self, report: StoredReport) -> None:
        """Add or replace a report, without a call of ``on_change``."""
        if report.id in self._by_id:
            self._remove(self._by_id[report.id])
        self._by_id[report.id] = report
        insort(self._order, (report.updated_at, report.id))

    def change(self, report: StoredReport, apply: Callable[[], object]) -> None:
        """Apply a change to a report; if that fails, the report stays as it was."""
        self._remove(report)
        try:
            apply()
        finally:
            insort(self._order, (report.updated_at, report.id))
        self._on_change(report)

    def _remove(self, report: StoredReport) -> None:
        del self._order[bisect_left(self._order, (report.updated_at, report.id))]

    def _references(self) -> Iterator[str]:
        for report in self._by_id.values():
            for text in (*(reply.text for reply in report.replies), *(note.text for note in report.notes)):
                yield from _REFERENCE.findall(text)

    def of(self, institutions: Iterable[int]) -> list[StoredReport]:
        """Return the reports that one of ``institutions`` owns or must answer."""
        ids = set(institutions)
        return [report for report in self._by_id.values() if {report.institution, report.disposition} & ids]

    def matching(self, query: Query) -> Iterator[StoredReport]:
        """Yield the listing in its order."""
        start = bisect_left(self._order, (query.updated_from or _FIRST, 0))
        end = bisect_left(self._order, (query.updated_to or _LAST, 0))
        for _, number in self._order[start:end]:
            report = self._by_id[number]
            if _fits(report, query):
                yield report


def _fits(report: StoredReport, query: Query) -> bool:
    if query.institutions and not {report.institution, report.disposition} & query.institutions:
        return False
    return query.tag is None or query.tag in (report.ticket, "jateng" if report.id % 5 == 0 else None)
