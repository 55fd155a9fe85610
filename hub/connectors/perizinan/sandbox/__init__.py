"""A stand-in for the region's licensing app over real HTTP (contract perizinan, shared#traps).

Its rows are the permits of the demo world, as far as the app knows of them.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.perizinan.sandbox.acts import ACTS, Acts
from hub.connectors.perizinan.sandbox.applications import Application
from hub.connectors.perizinan.sandbox.credentials import variables as variables
from hub.connectors.perizinan.sandbox.forms import Listing, Refused, cursor_after
from hub.connectors.perizinan.sandbox.rows import TRAPS, Json, is_listed, row, shown_id
from hub.connectors.perizinan.sandbox.store import Answer, ApplicationStore
from hub.connectors.perizinan.sandbox.writes import Writes
from hub.connectors.perizinan.settings import PerizinanSettings
from hub.connectors.sandbox_base import HangUp, Sandbox
from hub.connectors.sandbox_traps import TRAP_ACT, Traps
from hub.demo.businesses import SIZE, BusinessWorld
from hub.demo.dice import SEED, Dice
from hub.demo.months import JAKARTA
from hub.demo.permit_types import CENTRE
from hub.demo.world import DemoWorld

ASSUMED = {"X-Contract-Status": "assumed"}
PATH = "/api/v1/permohonan"
UPKEEP = (time(2, 0), time(2, 20))
"""From when to when the app is down each night, in Jakarta."""
_NEXT = {
    "DITERIMA": ("VERIFIKASI",),
    "VERIFIKASI": ("PERSETUJUAN", "SURVEI", "PERBAIKAN"),
    "PERBAIKAN": ("VERIFIKASI",),
    "SURVEI": ("PERSETUJUAN",),
    "PEMBAYARAN": ("PERSETUJUAN",),
    "PERSETUJUAN": ("TERBIT", "TERBIT", "TERBIT", "DITOLAK"),
}
"""What an officer does next."""
_Write = Callable[[Any], Answer]


class PerizinanSandbox(Sandbox):
    """Serves the rows of ``store``; ``clock`` returns the present."""

    name = "perizinan"
    faults: ClassVar[dict[str, str]] = {
        "page_moved": "the first row of the page changes after it, so it goes to the end",
        "duplicate": "the page has its last row twice",
        "out_of_order": "the page has its rows in reverse order",
        "unknown_status": "the first row of the page has an unknown status",
        "empty": "the listing has no row",
        "changed_before": "an officer changes the row just before the new status arrives, which is HTTP 409",
        "refuse": "the call is refused with HTTP 422 for its status",
        "accept_then_hang": "the call is accepted, and the connection is closed without an answer",
        "accept_then_500": "the call is accepted, and the answer is HTTP 500",
        "accept_late": "the connection is closed without an answer; the call takes effect `value` seconds later (5)",
    }
    acts: ClassVar[dict[str, str]] = {**ACTS, **TRAP_ACT}
    traps: ClassVar[dict[str, str]] = {
        **TRAPS,
        "upkeep": "HTTP 503 with a page in HTML from 02:00 to 02:20 in Jakarta; off at first",
    }

    def __init__(self, key: str, world: BusinessWorld, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._key, self._clock, self._world = key, clock, world
        self.trap = Traps(self.traps, off={"upkeep"})
        self.store = ApplicationStore(world, self.record)
        self.writes = Writes(self.store, self.trap, lambda: self.now)
        self._acts = Acts(self.store, lambda: self.now)
        self._rng = Dice(f"perizinan {SEED}")

    @property
    def now(self) -> datetime:
        """The present of the sandbox."""
        return self._clock() + self.clock_offset

    def routes(self) -> list[BaseRoute]:
        """Return the listing, the single row, and the two calls that change something."""
        calls: list[tuple[str, str, Callable[[Request], Any]]] = [
            ("GET", PATH, self._listing),
            ("GET", f"{PATH}/{{id}}", self._single),
            ("POST", PATH, self._create),
            ("PUT", f"{PATH}/{{id}}/status", self._set_status),
        ]
        return [Route(path, self._guarded(call), methods=[method]) for method, path, call in calls]

    def tick(self) -> None:
        """Move an open application on, one time in ten one that the centre decides, or enter one at the counter."""
        ids = self.store.ids()
        if self._rng.random() < 0.1:
            if row_ := self.store.get(self._rng.pick(ids)):
                self._acts.enter(row_)
            return
        centre = self._rng.random() < 0.1
        for _ in range(100):
            found = self.store.get(self._rng.pick(ids))
            if found and found.kode in _NEXT and (found.kewenangan == CENTRE) == centre:
                self._acts.reach(found, self._rng.pick(_NEXT[found.kode]))
                return

    def figures(self) -> dict[str, Any]:
        """Return the numbers of rows, and of calls that created or changed one, or met a newer version."""
        return {
            "rows": sum(is_listed(id_, self.trap) for id_ in self.store.ids()),
            "decisions": self.writes.created + self.writes.changed,
            "created": self.writes.created,
            "changed": self.writes.changed,
            "conflicts": self.writes.conflicts,
            "traps": self.trap.figures(),
        }

    def act(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Act for an officer, or switch a trap."""
        return self.trap.act(command) if command.get("do") == "trap" else self._acts.act(command)

    def restore(self, states: Mapping[str, Any]) -> None:
        """Restore the rows that changed, and the answers given."""
        self.store.restore(states)

    def _guarded(self, call: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """Return ``call`` behind the upkeep, the key and the refusals of the contract."""

        async def endpoint(request: Request) -> Response:
            if self.trap.on("upkeep") and UPKEEP[0] <= self.now.astimezone(JAKARTA).time() < UPKEEP[1]:
                return HTMLResponse("<html><h1>Sedang pemeliharaan sistem</h1></html>", 503, ASSUMED)
            scheme, _, key = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self._key or not hmac.compare_digest(key.encode(), self._key.encode()):
                return _json(401, {"galat": "tidak_berwenang"})
            try:
                answer: Response = await call(request)
            except Refused as refused:
                return _json(422, {"galat": "tidak_sah", "bidang": refused.fields})
            return answer

        return endpoint

    async def _listing(self, request: Request) -> Response:
        query = Listing.read(request.query_params)
        if query.id_izin is not None:
            return _json(200, {"data": self._of_permit(query.id_izin.strip()), "kursor": None})
        if query.after:
            ids = self.store.after(query.after)
        else:
            ids = self.store.since(query.since or datetime.min.replace(tzinfo=UTC))
        listed = (id_ for id_ in ids if is_listed(id_, self.trap))
        found = [] if self.fault.met("empty") else list(islice(listed, query.limit + 1))
        page = [application for id_ in found[: query.limit] if (application := self.store.get(id_))]
        more = cursor_after(page[-1].place) if len(found) > query.limit else None
        rows = self._with_faults([row(application, self.trap) for application in page])
        if page and self.fault.met("page_moved"):
            self._acts.reach(page[0], page[0].kode)
        return _json(200, {"data": rows, "kursor": more})

    def _with_faults(self, rows: list[Json]) -> list[Json]:
        if rows and self.fault.met("unknown_status"):
            rows[0] = {**rows[0], "status": {**rows[0]["status"], "kode": "DITITIPKAN"}}
        if rows and self.fault.met("duplicate"):
            rows = [*rows, rows[-1]]
        return rows[::-1] if self.fault.met("out_of_order") else rows

    def _of_permit(self, id_izin: str) -> list[Json]:
        found = self.store.with_permit(id_izin)
        return [row(found, self.trap)] if found and shown_id(found, self.trap) is not None else []

    async def _single(self, request: Request) -> Response:
        found = self._found(request)
        return _json(200, {"data": row(found, self.trap)}) if found else _absent()

    async def _create(self, request: Request) -> Response:
        return await self._write(request, self.writes.new_application)

    async def _set_status(self, request: Request) -> Response:
        found = self._found(request)
        if found is None:
            return _absent()
        if self.fault.met("changed_before"):
            self._acts.reach(found, found.kode)
        self._acts.remember(found)
        return await self._write(request, lambda body: self.writes.new_status(found.id, body))

    async def _write(self, request: Request, write: _Write) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise Refused({"badan": "bukan JSON"}) from None
        if self.fault.met("refuse"):
            raise Refused({"status": "tidak sesuai"})
        late, seconds = self.fault.take("accept_late")
        if late:
            asyncio.get_running_loop().call_later(5.0 if seconds is None else seconds, write, body)
            return HangUp()
        status, answer = write(body)
        if self.fault.met("accept_then_hang"):
            return HangUp()
        if self.fault.met("accept_then_500"):
            return _json(500, {"galat": "kesalahan_sistem"})
        return _json(status, answer)

    def _found(self, request: Request) -> Application | None:
        text = request.path_params["id"]
        id_ = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
        return self.store.get(id_) if is_listed(id_, self.trap) else None


def build(
    settings: ConnectorSettings,
    world: DemoWorld,
    size: int = SIZE,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> PerizinanSandbox:
    """Return a sandbox that checks against ``settings``, with the permits of ``size`` businesses of the demo world."""
    assert isinstance(settings, PerizinanSettings)
    return PerizinanSandbox(settings.key.get_secret_value(), BusinessWorld(world.today, size), clock)


def _json(status: int, body: Json) -> Response:
    return JSONResponse(body, status, ASSUMED)


def _absent() -> Response:
    return _json(404, {"galat": "tidak_ada"})
