"""Crash points of a process: around every commit, around every call to another system, around every response.

The hooks are in the libraries and not in the hub, so a new commit or call is found without a change here. Each point
has the name of the hub's function in which it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import greenlet
import httpx
from procrastinate import sql
from procrastinate.psycopg_connector import PsycopgConnector
from sqlalchemy.engine.default import DefaultDialect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import hub
from hub.runtime import server

Announce = Callable[[str], None]
"""Receives the place of the process, and returns when the process may continue."""

HUB = f"{Path(hub.__file__).parent}/"
THROUGH = (
    *("store/database.py", "http_client/client.py", "http_client/endpoint_client.py"),
    "runtime/subprocesses.py",
)
"""Modules that commit and call on behalf of others."""
STEP = b"x-step"
"""The header with the name of a step of a client: the path does not distinguish the steps of the graph."""
QUIET = frozenset({"/healthz", "/readyz"})
EFFECTS = ("defer_jobs", "fetch_job", "finish_job", "retry_job")
"""Statements of the queue that change its work; the others are maintenance."""


def install(announce: Announce) -> None:
    """Announce every crash point of this process."""
    _commits(announce)
    _queue(announce)
    _calls(announce)
    _answers(announce)


def _commits(announce: Announce) -> None:
    commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        place = where()
        announce(f"{place} commits")
        commit(self, connection)
        announce(f"{place} committed")

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def _queue(announce: Announce) -> None:
    """Announce the commits of the queue: outside the hub's transactions each of its statements is one."""
    names = {sql.queries[name]: name for name in EFFECTS}
    for method in ("execute_query_async", "execute_query_one_async", "execute_query_all_async"):
        setattr(PsycopgConnector, method, _announced(getattr(PsycopgConnector, method), names, announce))


def _announced(execute: Callable[..., Any], names: dict[str, str], announce: Announce) -> Callable[..., Any]:
    async def executed(self: PsycopgConnector, query: str, **arguments: Any) -> Any:
        name = names.get(query)
        # Whether there is a job is known once it is taken; looking for none is no edge.
        if name and name != "fetch_job":
            announce(f"queue {name} commits")
        result = await execute(self, query, **arguments)
        if name and (name != "fetch_job" or result["id"] is not None):
            announce(f"queue {name} committed")
        return result

    return executed


def _calls(announce: Announce) -> None:
    handle = httpx.AsyncHTTPTransport.handle_async_request

    async def handled(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        place = f"{where()} {request.method} {shape(request.url.path)}"
        announce(f"{place} asks")
        response = await handle(self, request)
        announce(f"{place} answered")
        return response

    httpx.AsyncHTTPTransport.handle_async_request = handled  # type: ignore[method-assign]


def _answers(announce: Announce) -> None:
    served = server.serve

    async def serving(app: ASGIApp, *args: Any, **given: Any) -> None:
        await served(_Edge(app, announce), *args, **given)

    server.serve = serving


class _Edge:
    """Announces each request that came in, each response that is about to be sent, and each that was sent."""

    def __init__(self, app: ASGIApp, announce: Announce) -> None:
        self._app, self._announce = app, announce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in QUIET:
            await self._app(scope, receive, send)
            return
        step = dict(scope["headers"]).get(STEP, b"").decode()
        place = f"{scope['method']} {shape(scope['path'])} {step}".rstrip()

        async def announcing_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._announce(f"{place} answers")
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._announce(f"{place} told")

        self._announce(f"{place} received")
        await self._app(scope, receive, announcing_send)


def where() -> str:
    """Return the innermost function of the hub that is running, such as ``sync/pull.py Pull._begin``."""
    running: Any = greenlet.getcurrent()
    frame: FrameType | None = sys._getframe(1)
    while running is not None:
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(HUB) and not file.endswith(THROUGH):
                return f"{file.removeprefix(HUB)} {_bare(frame.f_code.co_qualname)}"
            frame = frame.f_back
        # SQLAlchemy's own code runs in a greenlet; its caller waits in the parent one.
        running = running.parent
        frame = running.gr_frame if running is not None else None
    return "elsewhere"


def _bare(qualified: str) -> str:
    return qualified.partition(".<locals>")[0]


def shape(path: str) -> str:
    """Return a path without ids, as the name of one place in the code."""
    return "/".join("#" if re.search(r"\d", part) else part for part in path.split("/"))
