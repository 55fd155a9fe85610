"""A stand-in for SP4N-LAPOR! v3 through SPLP: contract A.3 and L.1 over real HTTP, traps of L.5 included."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from random import Random
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.lapor import sandbox_shapes as shapes
from hub.connectors.lapor.calls import LaporSettings
from hub.connectors.lapor.sandbox_masters import masters
from hub.connectors.lapor.sandbox_query import Query, Refused
from hub.connectors.lapor.sandbox_reports import COUNT, UNKNOWN_STATUS, Filed, Move, filed, other
from hub.connectors.lapor.sandbox_shelf import Shelf
from hub.connectors.sandbox import Sandbox

PER_PAGE = 50
FOLLOWUPS_PER_PAGE = 20
ASSUMED = {"X-Contract-Status": "assumed"}
_Call = Callable[[Request], Response]


def build(settings: ConnectorSettings, today: date) -> Sandbox:
    """The sandbox that checks the credentials of ``settings`` and holds the year that ends ``today``."""
    assert isinstance(settings, LaporSettings)
    return LaporSandbox(settings, filed(today))


class LaporSandbox(Sandbox):
    """Holds the reports; ``tick`` moves one on, or files a new one."""

    name = "lapor"
    faults: ClassVar[dict[str, str]] = {
        "page_moved": "the first report of the page just told changes, so it goes to the end and all others move up",
        "duplicate": "the page tells its last report twice",
        "out_of_order": "the page ends with the state its first report had before",
        "unknown_status": "the first report of the page gets a status name nobody knows, and keeps it",
        "status_error": 'HTTP 200 with {"status": "error"}',
    }

    def __init__(self, settings: LaporSettings, reports: list[Filed]) -> None:
        super().__init__()
        self._settings, self.shelf = settings, Shelf(reports)
        self._masters = masters()
        self._rng = Random(COUNT)
        self._new = COUNT

    def routes(self) -> list[BaseRoute]:
        """Listing, single report, follow-ups, masters."""
        calls: dict[str, _Call] = {
            "/complaints": self._listing,
            "/complaints/{id}/complaint": self._single,
            "/complaints/{id}/followups": self._followups,
            "/masters/{name:path}": self._master,
        }
        return [Route(path, self._guarded(call)) for path, call in calls.items()]

    def tick(self) -> None:
        """Mostly a report of ours moves on; one time in four a new one is filed."""
        now = datetime.now(UTC).replace(microsecond=0)
        if self._rng.random() < 0.25:
            self.shelf.put(other(self._new, now, now, self._rng))
            self._new += 1
        else:
            report = self._rng.choice(self.shelf.of(self._settings.institutions))
            self.shelf.change(report, lambda: report.advance(self._rng, now))

    def figures(self) -> dict[str, Any]:
        """How many reports there are, how many are ours, and how many carry one of our tickets."""
        return {
            "reports": len(self.shelf),
            "ours": len(self.shelf.of(self._settings.institutions)),
            "tickets": self.shelf.tickets,
        }

    def _guarded(self, call: _Call) -> Callable[[Request], Any]:
        """``call`` behind both headers, with the refusals of contract L.1."""

        async def endpoint(request: Request) -> Response:
            if not self._known(request):
                return JSONResponse({"message": "Unauthenticated."}, 401)
            if self.fault.met("status_error"):
                return JSONResponse({"status": "error", "message": "Terjadi kesalahan pada sistem"})
            try:
                return call(request)
            except Refused as refused:
                return JSONResponse({"message": "Data tidak valid", "errors": refused.fields}, 422, ASSUMED)

        return endpoint

    def _known(self, request: Request) -> bool:
        settings = self._settings
        pairs = ((settings.auth_header, settings.auth), ("token", settings.token))
        told = [(request.headers.get(name, ""), secret.get_secret_value()) for name, secret in pairs]
        return all(right and hmac.compare_digest(sent.encode(), right.encode()) for sent, right in told)

    def _listing(self, request: Request) -> Response:
        query = Query.read(request.query_params)
        found = islice(self.shelf.matching(query), (query.page - 1) * PER_PAGE, query.page * PER_PAGE + 1)
        reports = list(found)
        page = reports[:PER_PAGE]
        if page and self.fault.met("unknown_status"):
            page[0].moves[-1] = Move(UNKNOWN_STATUS, page[0].moves[-1].at)
        rows = self._disturbed([shapes.report(report) for report in page], page)
        answer = _page(rows, query.page, PER_PAGE, more=len(reports) > PER_PAGE)
        if page and self.fault.met("page_moved"):
            now = datetime.now(UTC).replace(microsecond=0)
            self.shelf.change(page[0], lambda: page[0].advance(self._rng, now))
        return answer

    def _disturbed(self, rows: list[dict[str, Any]], page: list[Filed]) -> list[dict[str, Any]]:
        if rows and self.fault.met("duplicate"):
            rows = [*rows, rows[-1]]
        if rows and self.fault.met("out_of_order"):
            first = page[0]
            before = {**rows[0], "status_name": shapes.status_name(first, first.moves[0].status)}
            rows = [*rows, {**before, "updated_at": shapes.told(first.created_at), "followups_count": 0}]
        return rows

    def _single(self, request: Request) -> Response:
        report = self.shelf.get(request.path_params["id"])
        if report is None:
            return _absent()
        return JSONResponse(
            {"results": {"data": shapes.report(report), "data_logs": shapes.logs(report)}}, headers=ASSUMED
        )

    def _followups(self, request: Request) -> Response:
        report, page = self.shelf.get(request.path_params["id"]), Query.read(request.query_params).page
        if report is None:
            return _absent()
        rows = shapes.followups(report)[(page - 1) * FOLLOWUPS_PER_PAGE :]
        return _page(rows[:FOLLOWUPS_PER_PAGE], page, FOLLOWUPS_PER_PAGE, more=len(rows) > FOLLOWUPS_PER_PAGE)

    def _master(self, request: Request) -> Response:
        query, rows = Query.read(request.query_params), self._masters.get(request.path_params["name"])
        if rows is None:
            return _absent()
        start = (query.page - 1) * query.page_size
        return _page(
            rows[start : start + query.page_size], query.page, query.page_size, more=len(rows) > start + query.page_size
        )


def _page(rows: list[dict[str, Any]], page: int, per_page: int, *, more: bool) -> Response:
    """Laravel's paginator. The next page's address names a host behind the gateway, which nobody outside reaches."""
    following = f"https://dalam.lapor.example/api/v3?page={page + 1}" if more else None
    results = {"current_page": page, "per_page": per_page, "data": rows, "next_page_url": following}
    return JSONResponse({"results": results}, headers=ASSUMED)


def _absent() -> Response:
    return JSONResponse({"message": "Data tidak ditemukan"}, 404)
