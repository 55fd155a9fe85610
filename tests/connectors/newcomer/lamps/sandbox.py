"""A stand-in for the power company; every tenth lamp was reported by the first complaint of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.lamps.connector import LampsSettings
from hub.connectors.sandbox import Sandbox

COUNT = 130


def build(settings: LampsSettings, today: date) -> Sandbox:
    """The sandbox that checks the token of ``settings``."""
    return LampsSandbox(settings, today)


class LampsSandbox(Sandbox):
    """Holds the lamps; ``tick`` mends the next one."""

    name = "lamps"
    faults: ClassVar[dict[str, str]] = {"unknown_status": "the first lamp of the page has a status nobody knows"}

    def __init__(self, settings: LampsSettings, today: date) -> None:
        super().__init__()
        self._token = settings.token.get_secret_value()
        self._lamps = [_lamp(number, today) for number in range(COUNT)]
        self._mended = 0

    def routes(self) -> list[BaseRoute]:
        """The list, and one lamp."""
        return [Route("/lamps", self._list), Route("/lamps/{number}", self._one)]

    def tick(self) -> None:
        """The next broken lamp burns again."""
        broken = [lamp for lamp in self._lamps if lamp["status"] == "padam"]
        for lamp in broken[:1]:
            lamp |= {"status": "nyala", "changed_at": datetime.now(UTC).isoformat()}
            self._mended += 1

    def figures(self) -> dict[str, Any]:
        """How many lamps there are, and how many were mended."""
        return {"lamps": len(self._lamps), "mended": self._mended}

    async def _list(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        after, size = request.query_params.get("after", ""), int(request.query_params["size"])
        found = [dict(lamp) for lamp in self._lamps if lamp["number"] > after]
        if found and self.fault.met("unknown_status"):
            found[0]["status"] = "redup"
        return JSONResponse({"lamps": found[:size], "more": len(found) > size})

    async def _one(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        found = [lamp for lamp in self._lamps if lamp["number"] == request.path_params["number"]]
        return JSONResponse(found[0]) if found else Response(status_code=404)

    def _refused(self, request: Request) -> Response | None:
        right = request.headers.get("authorization") == f"Bearer {self._token}"
        return None if right else Response(status_code=401)


def _lamp(number: int, today: date) -> dict[str, Any]:
    at = datetime.combine(today, time(), UTC) - timedelta(days=1 + number)
    return {
        "number": f"L{number:04}",
        "street": f"Jalan Contoh {number % 7}",
        "area": "33.74" if number % 2 else "33.01",
        "status": "padam" if number % 5 == 0 else "nyala",
        "changed_at": at.isoformat(),
        "tickets": [f"LG-{today.year}-000001"] if number % 10 == 0 else [],
        "reported_by": f"Warga Contoh {number}",
    }
