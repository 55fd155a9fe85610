"""Runs an operation with graphql-core and with a plan, and compares the results."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute, get_operation_ast, get_variable_values
from graphql.execution.values import VariableValues

from hub.executor import Executor
from hub.executor import execute as execute_plan


def coerced(schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]) -> VariableValues:
    """Return the variables of the document's only operation."""
    operation = get_operation_ast(document)
    assert operation is not None
    found = get_variable_values(schema, operation.variable_definitions or (), variables)
    assert not isinstance(found, list), found
    return found


async def by_graphql_core(
    schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any], context: Any
) -> ExecutionResult:
    """Return the result of graphql-core."""
    result = execute(schema, document, None, context, variables)
    return await result if inspect.isawaitable(result) else result


async def by_plan(
    executor: Executor, schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any], context: Any
) -> ExecutionResult:
    """Return the result of a plan."""
    values = coerced(schema, document, variables)
    plan = executor.plan(document, document, None, values)
    assert plan is not None
    return await execute_plan(plan, context, values)


def answer(result: ExecutionResult) -> tuple[Any, list[tuple[Any, ...]]]:
    """Return the data with the order of its fields, and the places that errors have made null.

    If several errors make one place null, any one of them is reported, together with those below it that came before
    (GraphQL, section 6.4.4).
    """
    places = {_null_place(result.data, each.path or ()) for each in result.errors or ()}
    highest = [place for place in places if not any(place[:length] in places for length in range(len(place)))]
    return _ordered(result.data), sorted(highest, key=repr)


def _null_place(data: Any, path: Sequence[Any]) -> tuple[Any, ...]:
    for length, step in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[step]
    assert data is None, f"an error without a null: {path}"
    return tuple(path)


def _ordered(data: Any) -> Any:
    if isinstance(data, dict):
        return [(key, _ordered(value)) for key, value in data.items()]
    return [_ordered(each) for each in data] if isinstance(data, list) else data
