"""Resolves fields: the values of one field for all objects of a level, or an awaitable of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from inspect import isawaitable
from operator import attrgetter
from types import GeneratorType
from typing import Any

from graphql import GraphQLResolveInfo, default_field_resolver
from graphql.execution.values import VariableValues

from hub.concurrency import gather_all
from hub.executor.plan import FieldPlan
from hub.executor.resolvers import Arguments, Attribute, Batch, Values

InfoOf = Callable[[FieldPlan], GraphQLResolveInfo[Any]]


class ValueResolver:
    """Resolves the fields of one operation."""

    def __init__(self, context: Any, variables: VariableValues, info_of: InfoOf) -> None:
        self._context, self._variables, self._info_of = context, variables, info_of

    def resolve(self, field: FieldPlan, sources: Sequence[Any]) -> Values | Awaitable[Values]:
        """Return the values of ``field``."""
        try:
            if field.resolver.check:
                field.resolver.check(self._context)
            match field.resolver.source:
                case Attribute(name):
                    return _attributes(name, sources)
                case Batch(resolve):
                    values = resolve(info := self._info_of(field), sources, self._arguments(field, info))
                    return _checked(values, sources) if isinstance(values, list) else _later(values, sources)
            return _checked(self._by_schema(field, sources), sources)
        except Exception as error:
            return [error] * len(sources)

    def _arguments(self, field: FieldPlan, info: GraphQLResolveInfo[Any]) -> Arguments:
        return field.arguments.values(info.schema, self._variables)

    def _by_schema(self, field: FieldPlan, sources: Sequence[Any]) -> Values:
        resolver, info = field.definition.resolve or default_field_resolver, self._info_of(field)
        arguments = self._arguments(field, info)

        def resolve(source: Any) -> Any:
            return resolver(source, info, **arguments)

        return [value_or_error(resolve, source) for source in sources]


async def _later(values: Awaitable[Values], sources: Sequence[Any]) -> Values:
    try:
        found = _checked(await values, sources)
    except Exception as error:
        return [error] * len(sources)
    return found if isinstance(found, list) else await found


def _checked(values: Values, sources: Sequence[Any]) -> Values | Awaitable[Values]:
    assert len(values) == len(sources), f"a batch has {len(values)} values for {len(sources)} objects"
    return settled(values)


def settled(values: Values) -> Values | Awaitable[Values]:
    """Return the values, or an awaitable of them if some are awaitable."""
    pending = _any_is_awaitable(values) or any(type(value) is list and _any_is_awaitable(value) for value in values)
    return _awaited_all(values) if pending else values


def _any_is_awaitable(values: Values) -> bool:
    return any(map(_can_be_awaited, set(map(type, values)))) and any(map(isawaitable, values))


@cache
def _can_be_awaited(kind: type) -> bool:
    """Return whether objects of a class can be awaited; of generators, only some can."""
    return issubclass(kind, Awaitable | GeneratorType)


def _attributes(name: str, sources: Sequence[Any]) -> Values:
    try:
        return list(map(attrgetter(name), sources))
    except Exception:
        return [value_or_error(attrgetter(name), source) for source in sources]


def value_or_error(resolve: Callable[[Any], Any], source: Any) -> Any:
    """Return the value of one object, or the exception that ``resolve`` raises."""
    try:
        return resolve(source)
    except Exception as error:
        return error


def _is_pending(value: Any) -> bool:
    return _any_is_awaitable(value) if type(value) is list else isawaitable(value)


async def _awaited_all(values: Sequence[Any]) -> Values:
    return await gather_all(_awaited(value) for value in values)


async def _awaited(value: Any) -> Any:
    """Return the value or its exception; for a list those of its items."""
    if type(value) is list:
        return await _awaited_all(value)
    if not isawaitable(value):
        return value
    try:
        result = await value
    except Exception as error:
        return error
    return await _awaited(result) if _is_pending(result) else result
