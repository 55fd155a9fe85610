"""Executes an operation with one of the two executors."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from graphql import DocumentNode, ExecutionResult, parse, validate

from hub.executor import Executor
from hub.schema.composition import HubSchema
from hub.schema.context import Context
from hub.schema.field_resolvers import field_resolver
from tests.executor.comparing import by_plan


@cache
def _executor(graph: HubSchema) -> Executor:
    return Executor(graph._schema, field_resolver)


@lru_cache(maxsize=256)
def _valid_document(graph: HubSchema, query: str) -> DocumentNode | None:
    """Return the document, which many viewers ask for in turn; None if it is invalid."""
    document = parse(query)
    return None if validate(graph._schema, document) else document


async def execute_by(
    executor: str, graph: HubSchema, query: str, variables: dict[str, Any], context: Context
) -> ExecutionResult:
    """Return the result of the executor with this name; graphql-core handles an invalid operation."""
    if executor == "plan" and (document := _valid_document(graph, query)):
        return await by_plan(_executor(graph), graph._schema, document, variables, context)
    result = await graph.execute(query, variable_values=variables, context_value=context)
    return ExecutionResult(result.data, result.errors)
