"""A stand-in for SP4N-LAPOR! v3 through SPLP: contract A.3 and L.1 over real HTTP, traps of L.5 included."""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from random import Random
from typing import Any, ClassVar

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.lapor import sandbox_shapes as shapes
from hub.connectors.lapor.calls import LaporSettings
from hub.connectors.lapor.sandbox_acts import ACTS, act
from hub.connectors.lapor.sandbox_files import LIVES, Files
from hub.connectors.lapor.sandbox_masters import PROVINCE, masters
from hub.connectors.lapor.sandbox_posts import ASSUMED, FAULTS, Posts
from hub.connectors.lapor.sandbox_query import Query, Refused
from hub.connectors.lapor.sandbox_reports import COUNT, UNKNOWN_STATUS, Filed, Move, filed, next_number, other
from hub.connectors.lapor.sandbox_shelf import Shelf
from hub.connectors.lapor.sandbox_taking import Taking
from hub.connectors.sandbox import Sandbox

PER_PAGE = 50
FOLLOWUPS_PER_PAGE = 20
_Call = Callable[[Request], Response | Awaitable[Response]]
_FILED = TypeAdapter(Filed)


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
        "dead_links": "addresses of files told now die after `value` seconds (0 by default)",
        **FAULTS,
    }
    acts: ClassVar[dict[str, str]] = ACTS

    def __init__(self, settings: LaporSettings, reports: list[Filed]) -> None:
        super().__init__()
        self._settings, self.shelf = settings, Shelf(reports, self._changed)
        self._masters = masters()
        self._rng = Random(COUNT)
        self._taking, self._files = Taking(self.shelf, PROVINCE), Files(settings.token.get_secret_value())

    def routes(self) -> list[BaseRoute]:
        """What is read, what changes something, and the files."""
        posts = Posts(self._taking, self.fault)
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
        """Mostly a report of ours moves on; one time in four a new one is filed."""
        now = datetime.now(UTC).replace(microsecond=0)
        if self._rng.random() < 0.25:
            self.shelf.put(other(next_number(self.shelf.ids()), now, now, self._rng))
        else:
            report = self._rng.choice(self.shelf.of(self._settings.institutions))
            self.shelf.change(report, lambda: report.advance(self._rng, now))

    def figures(self) -> dict[str, Any]:
        """How many reports there are, are ours, carry our tickets; what callers sent, and what is there twice."""
        return {
            "reports": len(self.shelf),
            "ours": len(self.shelf.of(self._settings.institutions)),
            "tickets": self.shelf.tickets,
            "sent": self._taking.sent,
            "references": self.shelf.references,
            "doubled": self.shelf.doubled,
        }

    def act(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Something the centre does; see ``sandbox_acts``."""
        return act(told, self.shelf, self._taking)

    def recall(self, states: Mapping[str, Any]) -> None:
        """Every report that was added or changed, as it stood last."""
        for state in states.values():
            self.shelf.load(_FILED.validate_python(state))

    def _changed(self, report: Filed) -> None:
        self.note(str(report.id), _FILED.dump_python(report, mode="json"))

    def _guarded(self, call: _Call) -> Callable[[Request], Any]:
        """``call`` behind both headers, with the refusals of contract L.1."""

        async def endpoint(request: Request) -> Response:
            if not self._known(request):
                return JSONResponse({"message": "Unauthenticated."}, 401)
            if self.fault.met("status_error"):
                return JSONResponse({"status": "error", "message": "Terjadi kesalahan pada sistem"})
            try:
                answer = call(request)
                return await answer if inspect.isawaitable(answer) else answer
            except Refused as refused:
                return JSONResponse({"message": "Data tidak valid", "errors": refused.fields}, 422, ASSUMED)

        return endpoint

    def _of_report(self, call: _Call) -> _Call:
        """``call``, where there is a report of the path's id."""
        return lambda request: call(request) if self.shelf.get(request.path_params["id"]) else _absent()

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
            self.shelf.change(page[0], lambda: _to_unknown(page[0]))
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
        rows = shapes.followups(report, self._sign(request))[(page - 1) * FOLLOWUPS_PER_PAGE :]
        return _page(rows[:FOLLOWUPS_PER_PAGE], page, FOLLOWUPS_PER_PAGE, more=len(rows) > FOLLOWUPS_PER_PAGE)

    def _sign(self, request: Request) -> Callable[[str], str]:
        dead, seconds = self.fault.take("dead_links")
        lives = (seconds or 0.0) if dead else LIVES
        return lambda path: self._files.sign(str(request.base_url), path, lives)

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


def _to_unknown(report: Filed) -> None:
    report.moves[-1] = Move(UNKNOWN_STATUS, report.moves[-1].at)


def _absent() -> Response:
    return JSONResponse({"message": "Data tidak ditemukan"}, 404)
