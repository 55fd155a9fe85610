"""Spans of GraphQL operations: type and name, never the document, its variables or an answer."""

from __future__ import annotations

from contextlib import AbstractContextManager

from hub import tracing
from hub.api.graphql.validation import ValidatedOperation
from hub.tracing import Span, SpanKind
from hub.web.request_log import loggable_name


def operation_span(operation: ValidatedOperation) -> AbstractContextManager[Span]:
    """Return the span of an operation, with its name as the log has it."""
    kind, name = operation.kind.value, loggable_name(operation.name)
    attributes = {"graphql.operation.type": kind} | ({"graphql.operation.name": name} if name else {})
    return tracing.span(kind, SpanKind.INTERNAL, attributes)
