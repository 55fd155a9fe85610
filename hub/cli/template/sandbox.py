"""A sandbox of Example that implements its contract over HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.connectors.sandbox_base import Sandbox
from hub.demo.world import DemoWorld

from .connector import ExampleSettings


def variables(url: str, folder: Path) -> dict[str, str]:
    """Return the settings that the connector and its sandbox at ``url`` share, with an invented token."""
    return {"HUB_EXAMPLE_URL": url, "HUB_EXAMPLE_TOKEN": "made-up"}


def build(settings: ExampleSettings, world: DemoWorld, size: int = 130) -> Sandbox:
    """Return a sandbox that checks the token of ``settings`` and has ``size`` items until the end of ``world``."""
    return ExampleSandbox(settings, world.today, size)


class ExampleSandbox(Sandbox):
    """Serves the items; ``tick`` completes the next open one."""

    name = "example"
    faults: ClassVar[dict[str, str]] = {"unknown_status": "the first item of the page has an unknown status"}

    def __init__(self, settings: ExampleSettings, today: date, size: int) -> None:
        super().__init__()
        self._token = settings.token.get_secret_value()
        self._items = [_item(number, today) for number in range(size)]
        self._done = 0

    def routes(self) -> list[BaseRoute]:
        """Return the listing, and the single item."""
        return [Route("/items", self._list), Route("/items/{number}", self._one)]

    def tick(self) -> None:
        """Complete the next open item, now."""
        for item in [item for item in self._items if item["status"] == "open"][:1]:
            item |= {"status": "done", "changed_at": datetime.now(UTC).isoformat()}
            self._done += 1

    def figures(self) -> dict[str, Any]:
        """Return the numbers of items and of completed ones."""
        return {"items": len(self._items), "done": self._done}

    async def _list(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        params, size = request.query_params, int(request.query_params["size"])
        behind = (datetime.fromisoformat(params.get("since", "0001-01-01T00:00:00+00:00")), params.get("after", ""))
        found = [dict(item) for item in sorted(self._items, key=_position) if _position(item) > behind]
        if found and self.fault.met("unknown_status"):
            found[0]["status"] = "lost"
        return JSONResponse({"items": found[:size], "more": len(found) > size})

    async def _one(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        found = [item for item in self._items if item["number"] == request.path_params["number"]]
        return JSONResponse(found[0]) if found else Response(status_code=404)

    def _refused(self, request: Request) -> Response | None:
        right = request.headers.get("authorization") == f"Bearer {self._token}"
        return None if right else JSONResponse({"message": "token"}, status_code=401)


def _position(item: dict[str, Any]) -> tuple[datetime, str]:
    return datetime.fromisoformat(item["changed_at"]), item["number"]


def _item(number: int, today: date) -> dict[str, Any]:
    at = datetime.combine(today, time(), UTC) - timedelta(days=1 + number)
    return {
        "number": f"E{number:04}",
        "title": f"Contoh {number}",
        "area": "33.74" if number % 2 else "33.01",
        "status": "open" if number % 5 == 0 else "done",
        "changed_at": at.isoformat(),
        "tickets": [f"LG-{today.year}-900001"] if number % 10 == 0 else [],
        "reported_by": f"Warga Contoh {number}",
    }
