"""The GraphQL endpoint: reads the request, lets the gate judge it, executes it, answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLFormattedError, OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema
from strawberry.types import ExecutionResult

from hub.errors import Forbidden, TooMany, TryLater
from hub.viewer import Viewer
from hub.web.allowance import Allowances
from hub.web.envelope import JSON, Asked, Unfit, media_type, read
from hub.web.faults import disclosed, told
from hub.web.gate import Admitted, Gate, Refused, remembered
from hub.web.limits import Limits
from hub.web.requests import request_id
from hub.web.throttle import address_of, later

DEFAULTS = Limits()

OPERATIONS = {"query", "documentId", "extensions"}
"""Parameters of a URL that bring an operation."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What is measured of one operation.

    ``kind`` is query, mutation or unread; ``outcome`` is ok, errors (some fields failed), refused,
    limited, timeout or failed; ``statements`` is how many SQL statements it took, where the context counts.
    """

    kind: str
    outcome: str
    seconds: float
    statements: int | None


@dataclass(slots=True)
class _Answer:
    """The body, and what it says. A refusal and a timeout are 200 in plain JSON, where old clients read no other."""

    body: dict[str, Any]
    outcome: str
    status: int = 200
    kind: str = "unread"
    statements: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class GraphQLEndpoint:
    """An ASGI app that answers GraphQL over HTTP; mount it with ``Route("/graphql", endpoint)``.

    ``viewer`` says who asks, before the request is read. ``context`` is called for each admitted
    operation and gives the context value, or an async context manager that gives it and is closed
    after the execution. Both may raise ``Forbidden`` (403), ``TooMany`` (429), ``TryLater`` (503)
    or Starlette's ``HTTPException``. If the value has a number ``statements``, it is observed.
    ``page`` answers a GET of a browser that brings no query.
    """

    def __init__(
        self,
        schema: Schema,
        viewer: Callable[[Request], Awaitable[Viewer]],
        context: Callable[[Request, Viewer], Awaitable[Any]],
        allowances: Allowances,
        *,
        limits: Limits = DEFAULTS,
        introspection: bool = False,
        page: Callable[[Request], Response] | None = None,
        observe: Callable[[Observation], None] | None = None,
    ) -> None:
        self._schema, self._limits = schema, limits
        self._viewer, self._context, self._allowances = viewer, context, allowances
        self._gate = Gate(schema._schema, limits, introspection=introspection)
        self._page, self._observe = page, observe
        # Strawberry logs every error with its trace and text; faults.report does so without personal data.
        logging.getLogger("strawberry.execution").disabled = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = self._page(request) if self._page and _browses(request) else await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        began = time.perf_counter()
        media = JSON
        try:
            media = media_type(request.headers.get("accept"))
            answer = await self._answer(request)
        except Unfit as unfit:
            error = {"message": unfit.detail, "extensions": unfit.extensions}
            return _response({"errors": [error]}, unfit.status_code, media, unfit.headers)
        if self._observe:
            self._observe(Observation(answer.kind, answer.outcome, time.perf_counter() - began, answer.statements))
        lenient = media == JSON and answer.outcome in {"refused", "timeout"}
        return _response(answer.body, 200 if lenient else answer.status, media, answer.headers)

    async def _answer(self, request: Request) -> _Answer:
        try:
            viewer = await self._viewer(request)
            request.scope["hub.client"] = viewer.client
            allowance = await self._allowances.enter(viewer, address_of(request))
            asked = await allowance.operation(await read(request))
            admitted = self._admitted(request, asked)
            left = await allowance.charge(admitted.cost)
        except Refused as refused:
            return _refusal([error.formatted for error in refused.errors])
        except (Forbidden, TooMany, TryLater) as error:
            return _closed(error)
        answer = await self._executed(request, viewer, asked, admitted)
        answer.kind = admitted.kind.value
        if left is not None and "extensions" in answer.body:
            answer.body["extensions"]["cost"]["remaining"] = left
        return answer

    def _admitted(self, request: Request, asked: Asked) -> Admitted:
        admitted = self._gate.admit(asked.query, asked.variables, asked.operation_name)
        if request.method == "GET" and admitted.kind is not OperationType.QUERY:
            raise Unfit(405, "METHOD_NOT_ALLOWED", "Only queries go by GET; use POST.", {"Allow": "POST"})
        return admitted

    async def _executed(self, request: Request, viewer: Viewer, asked: Asked, admitted: Admitted) -> _Answer:
        try:
            async with asyncio.timeout(self._limits.seconds), self._entered(request, viewer) as context:
                result = await self._execute(asked, admitted, context)
        except TimeoutError:
            return self._too_slow()
        except (Forbidden, TooMany, TryLater) as error:
            return _closed(error)
        return self._told(result, request, admitted, getattr(context, "statements", None))

    @asynccontextmanager
    async def _entered(self, request: Request, viewer: Viewer) -> AsyncIterator[Any]:
        made = await self._context(request, viewer)
        if isinstance(made, AbstractAsyncContextManager):
            async with made as context:
                yield context
        else:
            yield made

    async def _execute(self, asked: Asked, admitted: Admitted, context: Any) -> ExecutionResult:
        with remembered(admitted):
            return await self._schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
            )

    def _told(self, result: ExecutionResult, request: Request, admitted: Admitted, statements: int | None) -> _Answer:
        cost = {"estimated": admitted.cost, "limit": self._limits.cost}
        extensions = {**(result.extensions or {}), "cost": cost}
        errors = told(result.errors or (), request_id(request))
        if result.data is None and not _of_fields(result.errors or ()):
            return _Answer({"errors": errors, "extensions": extensions}, "failed", 500, statements=statements)
        body = {"errors": errors} if errors else {}
        return _Answer(
            {**body, "data": result.data, "extensions": extensions}, "errors" if errors else "ok", statements=statements
        )

    def _too_slow(self) -> _Answer:
        seconds = self._limits.seconds
        sentence = f"An operation may take {seconds:g} seconds; this took longer. Ask for less at a time."
        error = {"message": sentence, "extensions": {"code": "TIMEOUT", "limit": seconds}}
        return _Answer({"errors": [error]}, "timeout", 503)


def _browses(request: Request) -> bool:
    """Whether a person came with a browser, rather than a client with a query."""
    html = "text/html" in request.headers.get("accept", "")
    return html and request.method in {"GET", "HEAD"} and request.query_params.keys().isdisjoint(OPERATIONS)


def _of_fields(errors: Iterable[GraphQLError]) -> bool:
    """Whether fields failed and took the data with them, rather than the execution as a whole."""
    return any(error.path for error in errors)


def _refusal(errors: list[GraphQLFormattedError]) -> _Answer:
    return _Answer({"errors": errors}, "refused", 400)


def _closed(error: Forbidden | TooMany | TryLater) -> _Answer:
    """The viewer may not come in, or not now, so nothing was executed."""
    message, extensions = disclosed(error) or (str(error), {})
    body = {"errors": [{"message": message, "extensions": extensions}]}
    if isinstance(error, TooMany):
        return _Answer(body, "limited", 429, headers=later(error))
    if isinstance(error, TryLater):
        return _Answer(body, "failed", 503, headers=later(error))
    return _Answer(body, "failed", 403)


def _response(body: Any, status: int, media: str, headers: Mapping[str, str] | None = None) -> Response:
    """UTF-8 JSON that no cache keeps: answers hold personal data, and depend on who asks."""
    fixed = {"Content-Type": f"{media}; charset=utf-8", "Cache-Control": "no-store", "Vary": "Accept"}
    return Response(orjson.dumps(body), status, {**fixed, **(headers or {})})
