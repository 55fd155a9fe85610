"""Operations whose results are streamed: each event of a subscription, or the one result of a query or mutation.

An operation passes the same checks as at the endpoint: registered operations, validation, limits and cost. Each event
of a subscription is executed like a query of its own: after a check of the credentials, with a context and a snapshot
of its own, and for the estimated cost. Without events it occupies no connection of the database.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationType,
    create_source_event_stream,
    execute_subscription_event,
)
from starlette.requests import Request

from hub.api.graphql.endpoint import GraphQLEndpoint, not_executed, rejected
from hub.api.graphql.quotas import Quota, Quotas
from hub.api.graphql.request import GraphQLRequest
from hub.api.graphql.validation import OperationRejected, ValidatedOperation
from hub.api.streams.metering import Meter
from hub.api.streams.registry import Stream, StreamEnded
from hub.errors import Forbidden, RateLimited, TryLater
from hub.messages import Bilingual, in_language
from hub.schema.context import Context
from hub.store.database import UNAVAILABLE
from hub.viewer import Viewer
from hub.web.error_responses import format_errors
from hub.web.language import request_language
from hub.web.middleware import request_id
from hub.web.request_log import bind, loggable_name
from hub.web.throttling import address_of

Body = dict[str, Any]
"""The body of a GraphQL response."""
EXPECTED = (Forbidden, RateLimited, TryLater)
_USE_POST = Bilingual("Only queries and subscriptions go by GET; use POST.", "GET hanya untuk query dan langganan.")


class StreamedOperations:
    """Runs operations for streams; ``context`` returns the context in which a subscription looks for events."""

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        viewer: Callable[[Request], Awaitable[Viewer]],
        context: Callable[[Request, Viewer], Context],
        quotas: Quotas,
    ) -> None:
        self._endpoint, self._viewer, self._context, self._quotas = endpoint, viewer, context, quotas

    async def authenticate(self, request: Request) -> Quota:
        """Return the quota of the viewer of a request; raises as ``GraphQLEndpoint`` describes."""
        viewer = await self._viewer(request)
        request.scope["hub.client"] = viewer.client
        bind(request.scope, client=loggable_name(viewer.client))
        return await self._quotas.open(viewer, address_of(request))

    async def results(
        self, request: Request, quota: Quota, graphql: GraphQLRequest, stream: Stream
    ) -> AsyncGenerator[Body, None]:
        """Yield the bodies of an operation, in the language of the request; raises ``StreamEnded``."""
        try:
            async with aclosing(self._bodies(request, quota, graphql, stream)) as bodies:
                async for body in bodies:
                    yield in_language_of(request, body)
        except OperationRejected as error:
            yield in_language_of(request, rejected([each.formatted for each in error.errors]).body)
        except EXPECTED as error:
            yield in_language_of(request, not_executed(error).body)

    async def _bodies(
        self, request: Request, quota: Quota, graphql: GraphQLRequest, stream: Stream
    ) -> AsyncGenerator[Body, None]:
        validator = self._endpoint.validator
        resolved = await quota.resolve_operation(graphql)
        parsing_cost = validator.parsing_cost(resolved.query)
        await quota.charge(parsing_cost)
        operation = validator.validate(resolved.query, resolved.variables, resolved.operation_name)
        bind(request.scope, operation=loggable_name(operation.name))
        if operation.kind is OperationType.SUBSCRIPTION:
            async with aclosing(self._events(request, quota, operation, stream)) as bodies:
                async for body in bodies:
                    yield body
            return
        if operation.kind is OperationType.MUTATION and request.method == "GET" and request.scope["type"] == "http":
            raise OperationRejected(GraphQLError(_USE_POST, extensions={"code": "METHOD_NOT_ALLOWED"}))
        await quota.charge(operation.cost, charged=parsing_cost)
        answer = await self._endpoint.run(request, quota.viewer, resolved, operation)
        yield {name: answer.body[name] for name in ("errors", "data", "extensions") if name in answer.body}

    async def _events(
        self, request: Request, quota: Quota, operation: ValidatedOperation, stream: Stream
    ) -> AsyncGenerator[Body, None]:
        context = self._context(request, quota.viewer)
        executor = Executor.build(
            self._endpoint.schema._schema,
            operation.document,
            context_value=context,
            raw_variable_values=operation.raw_variables,
            operation_name=operation.name,
            hide_suggestions=True,
        )
        async with context:
            if isinstance(executor, list):
                yield {"errors": format_errors(executor, request_id(request))}
                return
            source = await _source(executor)
            if isinstance(source, ExecutionResult):
                yield {"errors": format_errors(source.errors or (), request_id(request))}
                return
            meter = Meter(quota)
            try:
                async for event in source:
                    await meter.charge(operation.cost)
                    await stream.check()
                    yield await self._execute(executor, event, request, quota.viewer)
            except (GraphQLError, *EXPECTED, *UNAVAILABLE) as error:
                yield {"errors": format_errors([_located(error)], request_id(request))}
            finally:
                await _close(source)

    async def _execute(self, executor: Executor[Any], event: Any, request: Request, viewer: Viewer) -> Body:
        one = executor.build_per_event_executor(event)
        try:
            async with (
                asyncio.timeout(self._endpoint.limits.seconds),
                self._endpoint.open_context(request, viewer) as context,
            ):
                one.context_value = context
                result: Any = execute_subscription_event(one)
                if inspect.isawaitable(result):
                    result = await result
        except TimeoutError:
            return self._endpoint.timeout().body
        errors = format_errors(result.errors or (), request_id(request))
        return {**({"errors": errors} if errors else {}), "data": result.data}


def ended_body(request: Request, ended: StreamEnded) -> Body:
    """Return the body that says why a stream ended."""
    return in_language_of(request, {"errors": [{"message": ended.message, "extensions": ended.extensions}]})


async def _source(executor: Executor[Any]) -> AsyncIterable[Any] | ExecutionResult:
    found: AsyncIterable[Any] | ExecutionResult | Awaitable[Any] = create_source_event_stream(executor)
    return await found if inspect.isawaitable(found) else found


async def _close(source: Any) -> None:
    if hasattr(source, "aclose"):
        await source.aclose()


def _located(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)


def in_language_of(request: Request, body: Body) -> Body:
    """Return a body with its errors in the language of the request."""
    if not (errors := body.get("errors")):
        return body
    language = request_language(request.scope)
    return {**body, "errors": [{**each, "message": in_language(each["message"], language)} for each in errors]}
