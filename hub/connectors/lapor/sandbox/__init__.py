"""A stand-in for SP4N-LAPOR! v3 through SPLP over real HTTP, with its irregularities.

See docs/upstream-contracts/lapor.md and contract shared#traps.
"""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any, ClassVar

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.lapor.client import LaporSettings
from hub.connectors.lapor.sandbox import payloads as payloads
from hub.connectors.lapor.sandbox.accepting import ReportWriter
from hub.connectors.lapor.sandbox.actions import ACTS, act
from hub.connectors.lapor.sandbox.credentials import variables as variables
from hub.connectors.lapor.sandbox.files import LINK_LIFETIME, Files
from hub.connectors.lapor.sandbox.masters import PROVINCE, rows_by_path
from hub.connectors.lapor.sandbox.query import Query, Refused
from hub.connectors.lapor.sandbox.reports import (
    SIZE,
    UNKNOWN_STATUS,
    Move,
    StoredReport,
    next_number,
    other,
    year_of_reports,
)
from hub.connectors.lapor.sandbox.store import ReportStore
from hub.connectors.lapor.sandbox.writes import ASSUMED, FAULTS, WriteEndpoints
from hub.connectors.sandbox_base import Sandbox
from hub.demo.world import DemoWorld

PER_PAGE = 50
FOLLOWUPS_PER_PAGE = 20
_Call = Callable[[Request], Response | Awaitable[Response]]
_FILED = TypeAdapter(StoredReport)


def build(settings: ConnectorSettings, world: DemoWorld, size: int = SIZE) -> Sandbox:
    """Return a sandbox that checks against ``settings``, with ``size`` reports of the year of ``world``."""
    assert isinstance(settings, LaporSettings)
    return LaporSandbox(settings, year_of_reports(world, size))


class LaporSandbox(Sandbox):
    """Serves the reports; ``tick`` advances one, or files a new one."""

    name = "lapor"
    faults: ClassVar[dict[str, str]] = {
        "page_moved": "the first report of the page changes after it, so it goes to the end and all others move up",
        "duplicate": "the page has its last report twice",
        "out_of_order": "the page ends with an earlier state of its first report",
        "unknown_status": "the first report of the page gets an unknown status name, and keeps it",
        "empty": "the listing has no report",
        "status_error": 'HTTP 200 with {"status": "error"}',
        "absent_200": 'HTTP 200 with {"status": "error"} for something that does not exist',
        "broken_report": "both calls about the report of id `value` answer HTTP 500",
        "broken_report_200": 'they answer HTTP 200 with {"status": "error"}',
        "dead_links": "URLs of files expire after `value` seconds (0 by default)",
        **FAULTS,
    }
    acts: ClassVar[dict[str, str]] = ACTS

    def __init__(self, settings: LaporSettings, reports: list[StoredReport]) -> None:
        super().__init__()
        self._settings, self.store = settings, ReportStore(reports, self._changed)
        self._masters = rows_by_path()
        self._rng = Random(SIZE)
        self._writer, self._files = ReportWriter(self.store, PROVINCE), Files(settings.token.get_secret_value())

    def routes(self) -> list[BaseRoute]:
        """Return the routes that read, those that change something, and the files."""
        posts = WriteEndpoints(self._writer, self.fault)
        calls: list[tuple[str, str, _Call]] = [
            ("GET", "/complaints", self._listing),
            ("GET", "/complaints/{id}/complaint", self._single),
            ("GET", "/complaints/{id}/followups", self._followups),
            ("GET", "/masters/{name:path}", self._master),
            ("POST", "/complaints/complaint", posts.create),
            ("POST", "/complaints/complaint/file", posts.upload),
            ("POST", "/complaints/followup/add", posts.follow_up),
            ("POST", "/complaints/process/{id}/reject", self._of_report(posts.reject)),
            ("PUT", "/complaints/{id}/complaint", self._of_report(posts.edit)),
        ]
        contract = [Route(path, self._guarded(call), methods=[method]) for method, path, call in calls]
        return [*contract, Route("/berkas/{id:int}/{name}", self._files.serve)]

    def tick(self) -> None:
        """Advance a report of the province, or one time in four file a new one."""
        now = self._now()
        if self._rng.random() < 0.25:
            self.store.put(other(next_number(self.store.ids()), now, now, self._rng))
        else:
            report = self._rng.choice(self.store.of(self._settings.institutions))
            self.store.change(report, lambda: report.advance(self._rng, now))

    def _now(self) -> datetime:
        return (datetime.now(UTC) + self.clock_offset).replace(microsecond=0)

    def figures(self) -> dict[str, Any]:
        """Return the numbers of reports, of the province's, with tickets, created by callers, and of duplicates."""
        return {
            "reports": len(self.store),
            "ours": len(self.store.of(self._settings.institutions)),
            "tickets": self.store.tickets,
            "sent": self._writer.sent,
            "references": self.store.references,
            "doubled": self.store.doubled,
        }

    def act(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Act for the centre; see ``actions``."""
        return act(command, self.store, self._writer)

    def restore(self, states: Mapping[str, Any]) -> None:
        """Restore every report that was added or changed."""
        for state in states.values():
            self.store.load(_FILED.validate_python(state))

    def _changed(self, report: StoredReport) -> None:
        self.record(str(report.id), _FILED.dump_python(report, mode="json"))

    def _guarded(self, call: _Call) -> Callable[[Request], Any]:
        """Return ``call`` with authentication, and with the refusals of contract lapor#errors."""

        async def endpoint(request: Request) -> Response:
            if not self._is_authenticated(request):
                return JSONResponse({"message": "Unauthenticated."}, 401)
            if self._broken(request, "broken_report"):
                return JSONResponse({"message": "Server Error"}, 500)
            if self.fault.met("status_error") or self._broken(request, "broken_report_200"):
                return JSONResponse({"status": "error", "message": "Terjadi kesalahan pada sistem"})
            try:
                result = call(request)
                answer = await result if inspect.isawaitable(result) else result
            except Refused as refused:
                return JSONResponse({"message": "Data tidak valid", "errors": refused.fields}, 422, ASSUMED)
            return _absent_200() if answer.status_code == 404 and self.fault.met("absent_200") else answer

        return endpoint

    def _broken(self, request: Request, fault: str) -> bool:
        _, number = self.fault.active.get(fault, (0, None))
        return number is not None and request.path_params.get("id") == f"{number:.0f}" and self.fault.met(fault)

    def _of_report(self, call: _Call) -> _Call:
        """Return ``call``, or HTTP 404 if there is no report of the path's id."""
        return lambda request: call(request) if self.store.get(request.path_params["id"]) else _absent()

    def _is_authenticated(self, request: Request) -> bool:
        settings = self._settings
        pairs = ((settings.auth_header, settings.auth), ("token", settings.token))
        credentials = [(request.headers.get(name, ""), secret.get_secret_value()) for name, secret in pairs]
        return all(right and hmac.compare_digest(sent.encode(), right.encode()) for sent, right in credentials)

    def _listing(self, request: Request) -> Response:
        query = Query.read(request.query_params)
        found = islice(self.store.matching(query), (query.page - 1) * PER_PAGE, query.page * PER_PAGE + 1)
        reports = [] if self.fault.met("empty") else list(found)
        page = reports[:PER_PAGE]
        if page and self.fault.met("unknown_status"):
            self.store.change(page[0], lambda: _to_unknown(page[0]))
        rows = self._with_faults([payloads.report(report) for report in page], page)
        answer = _page(rows, query.page, PER_PAGE, more=len(reports) > PER_PAGE)
        if page and self.fault.met("page_moved"):
            now = self._now()
            self.store.change(page[0], lambda: page[0].advance(self._rng, now))
        return answer

    def _with_faults(self, rows: list[dict[str, Any]], page: list[StoredReport]) -> list[dict[str, Any]]:
        if rows and self.fault.met("duplicate"):
            rows = [*rows, rows[-1]]
        if rows and self.fault.met("out_of_order"):
            first = page[0]
            before = {**rows[0], "status_name": payloads.status_name(first, first.moves[0].status)}
            rows = [*rows, {**before, "updated_at": payloads.format_time(first.created_at), "followups_count": 0}]
        return rows

    def _single(self, request: Request) -> Response:
        report = self.store.get(request.path_params["id"])
        if report is None:
            return _absent()
        return JSONResponse(
            {"results": {"data": payloads.report(report), "data_logs": payloads.logs(report)}}, headers=ASSUMED
        )

    def _followups(self, request: Request) -> Response:
        report, page = self.store.get(request.path_params["id"]), Query.read(request.query_params).page
        if report is None:
            return _absent()
        rows = payloads.followups(report, self._sign(request))[(page - 1) * FOLLOWUPS_PER_PAGE :]
        return _page(rows[:FOLLOWUPS_PER_PAGE], page, FOLLOWUPS_PER_PAGE, more=len(rows) > FOLLOWUPS_PER_PAGE)

    def _sign(self, request: Request) -> Callable[[str], str]:
        dead, seconds = self.fault.take("dead_links")
        lifetime = (seconds or 0.0) if dead else LINK_LIFETIME
        return lambda path: self._files.sign(str(request.base_url), path, lifetime)

    def _master(self, request: Request) -> Response:
        query, rows = Query.read(request.query_params), self._masters.get(request.path_params["name"])
        if rows is None:
            return _absent()
        start = (query.page - 1) * query.page_size
        return _page(
            rows[start : start + query.page_size], query.page, query.page_size, more=len(rows) > start + query.page_size
        )


def _page(rows: list[dict[str, Any]], page: int, per_page: int, *, more: bool) -> Response:
    """Return a page of Laravel's paginator; the next URL names a host that is not reachable from outside."""
    following = f"https://dalam.lapor.example/api/v3?page={page + 1}" if more else None
    results = {"current_page": page, "per_page": per_page, "data": rows, "next_page_url": following}
    return JSONResponse({"results": results}, headers=ASSUMED)


def _to_unknown(report: StoredReport) -> None:
    report.moves[-1] = Move(UNKNOWN_STATUS, report.moves[-1].at)


def _absent() -> Response:
    return JSONResponse({"message": "Data tidak ditemukan"}, 404)


def _absent_200() -> Response:
    return JSONResponse({"status": "error", "message": "Data tidak ditemukan"})
