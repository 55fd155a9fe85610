"""The GraphQL endpoint: reads and validates a request, charges its cost, executes it and responds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLFormattedError, OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema
from strawberry.types import ExecutionResult

from hub.api.graphql.limits import Limits
from hub.api.graphql.operation_spans import operation_span
from hub.api.graphql.quotas import Quotas
from hub.api.graphql.request import JSON, GraphQLRequest, media_type, read_request
from hub.api.graphql.validation import OperationRejected, OperationValidator, ValidatedOperation, use_parsed_document
from hub.errors import Forbidden, RateLimited, TryLater
from hub.executor import Executor, execute
from hub.messages import Bilingual, in_language, message_of
from hub.viewer import Viewer
from hub.web.concurrency_limiter import ConcurrencyLimiter
from hub.web.error_responses import format_errors, public_error
from hub.web.headers import header
from hub.web.language import request_language
from hub.web.middleware import request_id
from hub.web.request_error import RequestError
from hub.web.request_log import bind, loggable_name
from hub.web.throttling import address_of, retry_after_header

DEFAULT_LIMITS = Limits()

OPERATION_PARAMETERS = {"query", "documentId", "extensions"}
"""URL parameters that contain an operation."""


OTHER_CLIENT = "other"
"""The label for requests without a registered client in the metrics."""


_SUBSCRIBE = Bilingual(
    "Subscribe with Accept: text/event-stream first, or over WebSocket by graphql-transport-ws.",
    "Berlanggananlah dengan Accept: text/event-stream di awal, atau lewat WebSocket dengan graphql-transport-ws.",
)


@dataclass(slots=True)
class _Charge:
    """The client of a request, and the cost charged so far."""

    client: str = OTHER_CLIENT
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """Measurements of one operation, for metrics.

    ``kind`` is query, mutation or unread (not parsed). ``outcome`` is ok, errors (some fields failed), refused,
    limited, timeout or failed. ``seconds`` is the duration; ``statements`` the number of SQL statements, None if
    not counted; ``client`` the id of a registered client, or ``other``; ``cost`` the charged cost.
    """

    kind: str
    outcome: str
    seconds: float
    statements: int | None
    client: str = OTHER_CLIENT
    cost: int = 0


@dataclass(slots=True)
class Answer:
    """A response body with its outcome. With ``application/json``, refusals and timeouts are sent with status 200."""

    body: dict[str, Any]
    outcome: str
    status: int = 200
    kind: str = "unread"
    statements: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class GraphQLEndpoint:
    """An ASGI app for GraphQL over HTTP; mount it with ``Route("/graphql", endpoint)``.

    ``viewer`` returns the viewer, before the body is read. ``context`` is called for each validated operation and
    returns the context value, or an async context manager for it that is closed after the execution. Both may raise
    ``Forbidden`` (403), ``RateLimited`` (429), ``TryLater`` (503) or Starlette's ``HTTPException``. An attribute
    ``statements`` of the context value is passed to ``observe``. ``executor`` runs the operations for which it has a
    plan; Strawberry runs all others, and all operations without an ``executor``. ``page`` responds to
    a browser's GET without a query.
    """

    def __init__(
        self,
        schema: Schema,
        viewer: Callable[[Request], Awaitable[Viewer]],
        context: Callable[[Request, Viewer], Awaitable[Any]],
        quotas: Quotas,
        *,
        limits: Limits = DEFAULT_LIMITS,
        introspection: bool = False,
        executor: Executor | None = None,
        page: Callable[[Request], Response] | None = None,
        observe: Callable[[Observation], None] | None = None,
    ) -> None:
        self.schema, self.limits = schema, limits
        self._viewer, self._context, self._quotas = viewer, context, quotas
        self.validator = OperationValidator(schema._schema, limits, introspection=introspection)
        self._limiter = ConcurrencyLimiter(operations=limits.concurrent_operations, cost=limits.concurrent_cost)
        self._executor, self._page, self._observe = executor, page, observe
        # Strawberry logs every error with its trace and text; log_exception logs without personal data.
        logging.getLogger("strawberry.execution").disabled = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive)
        response = self._page(request) if self._page and _is_browser(request) else await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        began = time.perf_counter()
        media, charged = JSON, _Charge()
        try:
            media = media_type(header(request, "accept"))
            answer = await self._answer(request, charged)
        except RequestError as invalid:
            error = {"message": invalid.detail, "extensions": invalid.extensions}
            return _response(request, {"errors": [error]}, invalid.status_code, media, invalid.headers)
        seconds = time.perf_counter() - began
        bind(request.scope, statements=answer.statements, cost=charged.cost, outcome=answer.outcome)
        if self._observe:
            seen = Observation(answer.kind, answer.outcome, seconds, answer.statements, charged.client, charged.cost)
            self._observe(seen)
        lenient = media == JSON and answer.outcome in {"refused", "timeout"}
        return _response(request, answer.body, 200 if lenient else answer.status, media, answer.headers)

    async def _answer(self, request: Request, charged: _Charge) -> Answer:
        try:
            viewer = await self._viewer(request)
            request.scope["hub.client"] = viewer.client
            bind(request.scope, client=loggable_name(viewer.client))
            if client := await self._quotas.registered_client(viewer):
                charged.client = client.id
            quota = await self._quotas.open(viewer, address_of(request))
            graphql = await quota.resolve_operation(await read_request(request))
            # Parsing is charged before it is done, and for rejected operations too.
            parsing_cost = self.validator.parsing_cost(graphql.query)
            await quota.charge(parsing_cost)
            charged.cost = parsing_cost
            operation = self._validate(request, graphql)
            async with self._limiter.admit(operation.cost):
                remaining = await quota.charge(operation.cost, charged=parsing_cost)
                charged.cost = max(operation.cost, parsing_cost)
                answer = await self.run(request, viewer, graphql, operation)
        except OperationRejected as refused:
            return rejected([error.formatted for error in refused.errors])
        except (Forbidden, RateLimited, TryLater) as error:
            return not_executed(error)
        answer.kind = operation.kind.value
        if remaining is not None and "extensions" in answer.body:
            answer.body["extensions"]["cost"]["remaining"] = remaining
            answer.body["extensions"]["requests"] = await quota.requests_left()
        return answer

    def _validate(self, request: Request, graphql: GraphQLRequest) -> ValidatedOperation:
        operation = self.validator.validate(graphql.query, graphql.variables, graphql.operation_name)
        bind(request.scope, operation=loggable_name(operation.name))
        if request.method == "GET" and operation.kind is not OperationType.QUERY:
            message = Bilingual("Only queries go by GET; use POST.", "GET hanya untuk query; pakailah POST.")
            raise RequestError(405, "METHOD_NOT_ALLOWED", message, {"Allow": "POST"})
        if operation.kind is OperationType.SUBSCRIPTION:
            raise RequestError(406, "NOT_ACCEPTABLE", _SUBSCRIBE)
        return operation

    async def run(
        self, request: Request, viewer: Viewer, graphql: GraphQLRequest, operation: ValidatedOperation
    ) -> Answer:
        """Execute a validated query or mutation."""
        with operation_span(operation) as span:
            answer = await self._run(request, viewer, graphql, operation)
            if answer.status >= 500:
                span.fail(answer.outcome)
        return answer

    async def _run(
        self, request: Request, viewer: Viewer, graphql: GraphQLRequest, operation: ValidatedOperation
    ) -> Answer:
        try:
            async with asyncio.timeout(self.limits.seconds), self.open_context(request, viewer) as context:
                result = await self._execute(graphql, operation, context)
        except TimeoutError:
            return self.timeout()
        except (Forbidden, RateLimited, TryLater) as error:
            return not_executed(error)
        return self._result_answer(result, request, operation, getattr(context, "statements", None))

    @asynccontextmanager
    async def open_context(self, request: Request, viewer: Viewer) -> AsyncIterator[Any]:
        """Yield the context value of an operation."""
        value = await self._context(request, viewer)
        if isinstance(value, AbstractAsyncContextManager):
            async with value as context:
                yield context
        else:
            yield value

    async def _execute(self, graphql: GraphQLRequest, operation: ValidatedOperation, context: Any) -> ExecutionResult:
        variables = operation.variables
        plan = self._executor and self._executor.plan(
            operation.text, operation.document, graphql.operation_name, variables
        )
        if plan:
            result = await execute(plan, context, variables)
            return ExecutionResult(data=result.data, errors=result.errors)
        with use_parsed_document(operation):
            return await self.schema.execute(
                graphql.query,
                variable_values=graphql.variables,
                context_value=context,
                operation_name=graphql.operation_name,
            )

    def _result_answer(
        self, result: ExecutionResult, request: Request, operation: ValidatedOperation, statements: int | None
    ) -> Answer:
        cost = {"estimated": operation.cost, "limit": self.limits.cost}
        extensions = {**(result.extensions or {}), "cost": cost}
        errors = format_errors(result.errors or (), request_id(request))
        if result.data is None and not _has_field_errors(result.errors or ()):
            answer = Answer({"errors": errors, "extensions": extensions}, "failed", 500)
        else:
            body = {"errors": errors} if errors else {}
            answer = Answer({**body, "data": result.data, "extensions": extensions}, "errors" if errors else "ok")
        answer.statements, answer.headers = statements, _retry_after(errors)
        return answer

    def timeout(self) -> Answer:
        """Return the answer for an operation that took too long."""
        seconds = self.limits.seconds
        sentence = Bilingual(
            f"An operation may take {seconds:g} seconds; this took longer. Ask for less at a time.",
            f"Satu operasi paling lama {seconds:g} detik; yang ini lebih lama. Mintalah lebih sedikit sekaligus.",
        )
        error = {"message": sentence, "extensions": {"code": "TIMEOUT", "limit": seconds}}
        return Answer({"errors": [error]}, "timeout", 503)


def _is_browser(request: Request) -> bool:
    """Return whether the request is a browser's for a page, without a query."""
    html = "text/html" in header(request, "accept")
    return html and request.method in {"GET", "HEAD"} and request.query_params.keys().isdisjoint(OPERATION_PARAMETERS)


def _has_field_errors(errors: Iterable[GraphQLError]) -> bool:
    """Return whether fields failed, rather than the execution as a whole."""
    return any(error.path for error in errors)


def _retry_after(errors: Iterable[GraphQLFormattedError]) -> dict[str, str]:
    """Return the header ``Retry-After`` with the greatest ``retryAfter`` of the errors."""
    waits = [ceil(each.get("extensions", {}).get("retryAfter") or 0) for each in errors]
    return {"Retry-After": str(max(waits))} if any(waits) else {}


def rejected(errors: list[GraphQLFormattedError]) -> Answer:
    """Return the response for an operation that is not valid or not allowed."""
    return Answer({"errors": errors}, "refused", 400)


def not_executed(error: Forbidden | RateLimited | TryLater) -> Answer:
    """Return the response for an error before the execution."""
    message, extensions = public_error(error) or (message_of(error), {})
    body = {"errors": [{"message": message, "extensions": extensions}]}
    if isinstance(error, RateLimited):
        return Answer(body, "limited", 429, headers=retry_after_header(error))
    if isinstance(error, TryLater):
        return Answer(body, "failed", 503, headers=retry_after_header(error))
    return Answer(body, "failed", 403)


def _response(
    request: Request, body: dict[str, Any], status: int, media: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response that must not be cached, because it depends on the viewer and the language."""
    if errors := body.get("errors"):
        language = request_language(request.scope)
        body = {**body, "errors": [{**each, "message": in_language(each["message"], language)} for each in errors]}
    fixed = {"Content-Type": f"{media}; charset=utf-8", "Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}
    return Response(orjson.dumps(body), status, {**fixed, **(headers or {})})
