"""Arguments of a field: those without a variable are coerced and converted once for a plan."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLSchema, build_schema, get_operation_ast, get_variable_values, parse
from graphql.execution.values import VariableValues

from hub.executor import Batch, Executor, FieldResolver, execute
from hub.executor.resolvers import Arguments

SCHEMA = build_schema("type Query { shown(a: Int = 1, b: [Int], c: Int, d: Int): String }")


async def test_constants_are_converted_once_and_variables_each_time() -> None:
    converted: list[Arguments] = []

    def convert(schema: GraphQLSchema, arguments: Arguments) -> Arguments:
        converted.append(arguments)
        return {name.upper(): value for name, value in arguments.items()}

    shown = [await _shown(executor, number) for executor in [_executor(convert)] for number in (3, 4)]
    assert shown == ["{'A': 1, 'B': [2], 'C': 3}", "{'A': 1, 'B': [2], 'C': 4}"]
    assert converted == [{"a": 1, "b": [2]}, {"c": 3}, {"c": 4}]


async def test_a_refused_conversion_is_an_error_of_the_field() -> None:
    def convert(schema: GraphQLSchema, arguments: Arguments) -> Arguments:
        raise ValueError("refused")

    executor = _executor(convert)
    for number in (3, 4):
        result = await _result(executor, number)
        assert result.data == {"shown": None}
        assert [(each.message, each.path) for each in result.errors] == [("refused", ["shown"])]


def _executor(convert: Any) -> Executor:
    resolver = FieldResolver(Batch(lambda info, objects, arguments: [str(arguments)], convert))
    return Executor(SCHEMA, lambda *_: resolver)


async def _shown(executor: Executor, number: int) -> Any:
    return (await _result(executor, number)).data["shown"]


async def _result(executor: Executor, number: int) -> Any:
    text = "query ($c: Int, $d: Int) { shown(b: 2, c: $c, d: $d) }"
    document = parse(text)
    operation = get_operation_ast(document)
    assert operation
    variables = get_variable_values(SCHEMA, operation.variable_definitions or (), {"c": number})
    assert isinstance(variables, VariableValues)
    plan = executor.plan(text, document, None, variables)
    assert plan
    return await execute(plan, None, variables)
