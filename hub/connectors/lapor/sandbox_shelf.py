"""Where the LAPOR sandbox keeps its reports: by id, and in the listing's order of update, then id."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from hub.connectors.lapor.sandbox_query import Query
from hub.connectors.lapor.sandbox_reports import Filed

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Shelf:
    """Reports in order; change one only through ``change``, which puts it back where it belongs."""

    def __init__(self, reports: Iterable[Filed]) -> None:
        self._by_id = {report.id: report for report in reports}
        self._order = sorted((report.updated_at, report.id) for report in self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def tickets(self) -> int:
        """How many carry a ticket of the province."""
        return sum(report.ticket is not None for report in self._by_id.values())

    def get(self, number: str) -> Filed | None:
        """The report of that id."""
        return self._by_id.get(int(number)) if number.isascii() and number.isdigit() else None

    def put(self, report: Filed) -> None:
        """Add one."""
        self._by_id[report.id] = report
        insort(self._order, (report.updated_at, report.id))

    def change(self, report: Filed, happen: Callable[[], None]) -> None:
        """Let something happen to one."""
        del self._order[bisect_left(self._order, (report.updated_at, report.id))]
        happen()
        self.put(report)

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
