"""Where the LAPOR sandbox keeps its reports: by id, and in the listing's order of update, then id."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from hub.connectors.lapor.sandbox_query import Query
from hub.connectors.lapor.sandbox_reports import Filed

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


_REFERENCE = re.compile(r"Ref\. (LG-\d{4}-\d{6}/\d+)")


class Shelf:
    """Reports in order; change one only through ``change``, which puts it back where it belongs.

    ``noted`` is told of each report that was added or changed.
    """

    def __init__(self, reports: Iterable[Filed], noted: Callable[[Filed], None] = lambda report: None) -> None:
        self._noted = noted
        self._by_id = {report.id: report for report in reports}
        self._order = sorted((report.updated_at, report.id) for report in self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def tickets(self) -> int:
        """How many carry a ticket of the province."""
        return sum(report.ticket is not None for report in self._by_id.values())

    @property
    def doubled(self) -> int:
        """How many tickets more than one report carries, and references more than one follow-up or note."""
        seen = Counter(report.ticket for report in self._by_id.values() if report.ticket)
        seen.update(self._references())
        return sum(times > 1 for times in seen.values())

    @property
    def references(self) -> int:
        """How many follow-ups and notes carry a reference of the province."""
        return sum(1 for _ in self._references())

    def ids(self) -> Iterable[int]:
        """All ids."""
        return self._by_id.keys()

    def tagged(self, ticket: str) -> Filed | None:
        """The first report with that tag."""
        return next((report for report in self._by_id.values() if report.ticket == ticket), None)

    def get(self, number: str) -> Filed | None:
        """The report of that id."""
        return self._by_id.get(int(number)) if number.isascii() and number.isdigit() else None

    def put(self, report: Filed) -> None:
        """Add one."""
        self.load(report)
        self._noted(report)

    def load(self, report: Filed) -> None:
        """Add one, or put it in the place of the one with its id, and tell nobody."""
        if report.id in self._by_id:
            self._take_out(self._by_id[report.id])
        self._by_id[report.id] = report
        insort(self._order, (report.updated_at, report.id))

    def change(self, report: Filed, happen: Callable[[], object]) -> None:
        """Let something happen to one; where it cannot, the report stays as it was."""
        self._take_out(report)
        try:
            happen()
        finally:
            insort(self._order, (report.updated_at, report.id))
        self._noted(report)

    def _take_out(self, report: Filed) -> None:
        del self._order[bisect_left(self._order, (report.updated_at, report.id))]

    def _references(self) -> Iterator[str]:
        for report in self._by_id.values():
            for text in (*(reply.text for reply in report.replies), *(note.text for note in report.notes)):
                yield from _REFERENCE.findall(text)

    def of(self, institutions: Iterable[int]) -> list[Filed]:
        """Those that one of ``institutions`` owns or must answer."""
        wanted = set(institutions)
        return [report for report in self._by_id.values() if {report.institution, report.disposition} & wanted]

    def matching(self, query: Query) -> Iterator[Filed]:
        """The listing, in its order."""
        start = bisect_left(self._order, (query.updated_from or _FIRST, 0))
        end = bisect_left(self._order, (query.updated_to or _LAST, 0))
        for _, number in self._order[start:end]:
            report = self._by_id[number]
            if _fits(report, query):
                yield report


def _fits(report: Filed, query: Query) -> bool:
    if query.institutions and not {report.institution, report.disposition} & query.institutions:
        return False
    return query.tag is None or query.tag in (report.ticket, "jateng" if report.id % 5 == 0 else None)
