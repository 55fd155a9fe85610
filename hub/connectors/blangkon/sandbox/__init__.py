"""A stand-in for the INAPROC gateway's feed of realised orders (contract blangkon#gateway, blangkon#feed)."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.base import ConnectorSettings
from hub.connectors.blangkon.connector import PATH, BlangkonSettings
from hub.connectors.blangkon.mapping import JAKARTA
from hub.connectors.blangkon.sandbox.credentials import variables as variables
from hub.connectors.blangkon.sandbox.orders import SIZE, Orders
from hub.connectors.sandbox_base import Sandbox
from hub.contract import Raw
from hub.demo.world import DemoWorld

CURSOR_LIFE = 3600.0
BUDGET = 1_000
ASSUMED = {"X-Contract-Status": "assumed"}


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """The meaning of a cursor: year, last row read, and time of issue (seconds)."""

    year: int
    after: int
    since: float


class Refused(Exception):
    """The refusal of a call, with the status and body of the contract."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.answer = JSONResponse(body, status, ASSUMED)


class BlangkonSandbox(Sandbox):
    """Checks token, parameters and cursor; counts the calls in a minute; ``clock`` returns seconds."""

    name = "blangkon"
    faults: ClassVar[dict[str, str]] = {
        "cursor_expired": "HTTP 400 'cursor expired' for a call with a cursor",
        "duplicate": "the page has its first row twice",
        "out_of_order": "the page has its rows in reverse order",
        "page_moved": "the page's first row changes as it is read and goes to the end",
        "unknown_status": "the page's first row has an unknown status_konfirmasi_ppmse",
        "failure_under_200": "HTTP 200 with success false",
        "empty": "HTTP 200 with success true, data null and meta null",
        "budget_spent": "X-RateLimit-Remaining is 0 and X-RateLimit-Reset `value` seconds (1 by default)",
    }

    def __init__(self, settings: BlangkonSettings, orders: Orders) -> None:
        super().__init__()
        self.settings, self.orders, self.clock = settings, orders, time.monotonic
        self._cursors: dict[str, FeedCursor] = {}
        self._window, self._spent = 0.0, 0

    def routes(self) -> list[BaseRoute]:
        """Return the route of contract blangkon#feed."""
        return [Route(PATH, self._listing)]

    def tick(self) -> None:
        """Confirm the order that waits longest, and add a new one."""
        self.orders.confirm()
        self.orders.order(datetime.now(JAKARTA) + self.clock_offset)

    def figures(self) -> dict[str, Any]:
        """Return the numbers of rows and of distinct orders by year."""
        rows = {year: [row["order_id"] for _, row in feed.rows] for year, feed in sorted(self.orders.feeds.items())}
        return {
            "rows": {str(year): len(ids) for year, ids in rows.items()},
            "orders": {str(year): len(set(ids)) for year, ids in rows.items()},
        }

    async def _listing(self, request: Request) -> Response:
        try:
            self._check_token(request)
            budget = self._budget()
            year, limit = self._checked(request)
            place = self._place(request.query_params.get("cursor"), year)
        except Refused as refused:
            return refused.answer
        if self.fault.met("failure_under_200"):
            return JSONResponse({"success": False, "error": "upstream dataset is busy"}, headers=ASSUMED | budget)
        if self.fault.met("empty"):
            return JSONResponse({"success": True, "data": None, "meta": None}, headers=ASSUMED | budget)
        return JSONResponse(self._page(year, place, limit), headers=ASSUMED | budget)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, {"error": "Authorization field missing"})
        if not secrets.compare_digest(token.encode(), self.settings.token.get_secret_value().encode()):
            raise Refused(401, {"success": False, "error": "invalid token"})

    def _budget(self) -> dict[str, str]:
        """Return the headers with the remaining calls of this minute."""
        now = self.clock()
        if now - self._window >= 60:
            self._window, self._spent = now, 0
        self._spent += 1
        left, reset = BUDGET - self._spent, int(60 - (now - self._window)) + 1
        if left < 0:
            refused = Refused(429, {"success": False, "error": "rate limit exceeded"})
            refused.answer.headers["Retry-After"] = str(reset)
            raise refused
        spent, seconds = self.fault.take("budget_spent")
        if spent:
            left, reset = 0, int(seconds or 1)
        return {
            "X-RateLimit-Limit": str(BUDGET),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(reset),
        }

    def _checked(self, request: Request) -> tuple[int, int]:
        """Return year and limit; refuse missing and wrong parameters."""
        params = request.query_params
        for name in ("kode_klpd", "tahun"):
            if not params.get(name):
                raise Refused(400, {"success": False, "error": f"{name} is required"})
        if params["kode_klpd"] != self.settings.klpd:
            raise Refused(403, {"success": False, "error": "kode_klpd is not open to this token"})
        year, limit = params["tahun"], params.get("limit", "10")
        if not (year.isdigit() and len(year) == 4):
            raise Refused(400, {"success": False, "error": "tahun must be a year"})
        if not (limit.isdigit() and 1 <= int(limit) <= 1000):
            raise Refused(400, {"success": False, "error": "limit must be between 1 and 1000"})
        return int(year), int(limit)

    def _place(self, cursor: str | None, year: int) -> int:
        if not cursor:
            return 0
        place = self._cursors.get(cursor)
        gone = place is None or place.year != year or self.clock() - place.since > CURSOR_LIFE
        if self.fault.met("cursor_expired") or gone or place is None:
            raise Refused(400, {"success": False, "error": "cursor expired"})
        return place.after

    def _page(self, year: int, after: int, limit: int) -> dict[str, Any]:
        """Return the envelope. A full page always has has_more, even if the next one is empty."""
        feed = self.orders.feed(year)
        start = feed.after(after)
        if start < len(feed.rows) and self.fault.met("page_moved"):
            feed.move(start)
        listed = feed.rows[start : start + limit]
        after = listed[-1][0] if listed else after
        rows = self._dirty([row for _, row in listed])
        meta = {"cursor": self._cursor(year, after), "has_more": len(listed) == limit, "limit": limit}
        return {"success": True, "data": rows or None, "meta": meta}

    def _dirty(self, rows: list[Raw]) -> list[Raw]:
        if not rows:
            return rows
        if self.fault.met("unknown_status"):
            rows[0] = rows[0] | {"status_konfirmasi_ppmse": "dikonversi"}
        if self.fault.met("duplicate"):
            rows.insert(1, rows[0])
        return rows[::-1] if self.fault.met("out_of_order") else rows

    def _cursor(self, year: int, after: int) -> str | None:
        """Return a new cursor, None before the first row; drop expired ones."""
        if not after:
            return None
        now = self.clock()
        self._cursors = {name: place for name, place in self._cursors.items() if now - place.since <= CURSOR_LIFE}
        cursor = secrets.token_urlsafe(18)
        self._cursors[cursor] = FeedCursor(year, after, now)
        return cursor


def build(settings: ConnectorSettings, world: DemoWorld, size: int = SIZE) -> BlangkonSandbox:
    """Return a sandbox that checks against ``settings``, with ``size`` orders of the year of ``world``."""
    assert isinstance(settings, BlangkonSettings)
    return BlangkonSandbox(settings, Orders(world, settings.klpd, size))
