"""Builds the executor's resolvers of the graph's fields.

The executor resolves a field as an attribute or for a whole level at once; scopes and arguments are checked once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from hub.executor import Attribute, Batch, FieldResolver
from hub.executor.plan import Shape
from hub.executor.resolvers import SCHEMA_RESOLVER, Arguments, Convert, Resolve, Values
from hub.executor.values import settled, value_or_error
from hub.schema.authorization import ScopeRequirement
from hub.schema.context import Info
from hub.schema.levels import LEVEL, TARGET
from hub.schema.nodes import Node
from hub.schema.secret_reads import RecordSecretRead
from hub.schema.selected_columns import unread_columns

_DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
_STRAWBERRYS = "_is_default"
"""An attribute of the functions that Strawberry makes. A function without it has replaced the field's own."""

Level = Callable[[Info, Sequence[Any], Mapping[str, Any]], Values | Awaitable[Values]]


def field_resolver(parent: GraphQLObjectType, name: str, definition: GraphQLField) -> FieldResolver:
    """Return the resolver of a field that Strawberry has made.

    A field that has a function for a level in its metadata is resolved by this function. A field without a resolver is
    an attribute. For any other field, its resolver is called for each object. A field with extensions besides
    ``ScopeRequirement`` and ``RecordSecretRead`` keeps the resolver that Strawberry has built, which runs the
    extensions for each object.
    """
    field = definition.extensions.get(_DEFINITION)
    if not isinstance(field, StrawberryField) or not hasattr(definition.resolve, _STRAWBERRYS):
        return SCHEMA_RESOLVER
    scopes = [each for each in field.extensions if isinstance(each, ScopeRequirement)]
    reads = [each for each in field.extensions if isinstance(each, RecordSecretRead)]
    if len(scopes) + len(reads) < len(field.extensions):
        return SCHEMA_RESOLVER
    if not (field.base_resolver or reads):
        assert field.python_name
        return FieldResolver(Attribute(field.python_name), _check(scopes))
    if target := field.metadata.get(TARGET):
        return FieldResolver(_narrowed(field, definition, target), _check(scopes))
    level = _level(field)
    for read in reads:
        level = _recorded(read, level)
    return FieldResolver(Batch(_with_info(field, level), _converter(definition)), _check(scopes))


def _narrowed(field: StrawberryField, definition: GraphQLField, node: type[Node]) -> Batch:
    """Return the resolver of a field that returns ``node``: it reads only the columns that a plan needs."""

    def specialize(shape: Shape) -> Resolve:
        return _with_info(field, _level(field, without=unread_columns(node, shape)))

    return Batch(_with_info(field, _level(field)), _converter(definition), specialize)


def _check(scopes: Sequence[ScopeRequirement]) -> Callable[[Any], None] | None:
    if not scopes:
        return None

    def check(context: Any) -> None:
        for each in scopes:
            each.check(context)

    return check


def _level(field: StrawberryField, **fixed: Any) -> Level:
    """Return the function that resolves a level of ``field``; ``fixed`` are further arguments of the field's own."""
    if resolve_level := field.metadata.get(LEVEL):
        return lambda info, sources, arguments: resolve_level(info, sources, **arguments, **fixed)
    if field.base_resolver:
        return _for_each(field.base_resolver)
    name = field.python_name
    return lambda info, sources, arguments: [getattr(source, name) for source in sources]


def _for_each(resolver: StrawberryResolver[Any]) -> Level:
    """Return a function that calls ``resolver`` for each object, with its special parameters filled."""
    function: Any = resolver.wrapped_func
    source_name = next((each.name for each in (resolver.root_parameter, resolver.parent_parameter) if each), None)

    def resolve(info: Info, sources: Sequence[Any], arguments: Mapping[str, Any]) -> Values:
        more = {**arguments, resolver.info_parameter.name: info} if resolver.info_parameter else arguments

        def call(source: Any) -> Any:
            if source_name:
                return function(**{source_name: source}, **more)
            return function(source, **more) if resolver.self_parameter else function(**more)

        return [value_or_error(call, source) for source in sources]

    return resolve


def _recorded(read: RecordSecretRead, level: Level) -> Level:
    def resolve(info: Info, sources: Sequence[Any], arguments: Mapping[str, Any]) -> Values | Awaitable[Values]:
        values = level(info, sources, arguments)
        return read.resolve_level(info, sources, settled(values) if isinstance(values, list) else values)

    return resolve


def _with_info(field: StrawberryField, level: Level) -> Callable[..., Values | Awaitable[Values]]:
    """Return a function that calls ``level`` with the info that resolvers expect."""

    def resolve(raw: GraphQLResolveInfo[Any], sources: Sequence[Any], arguments: Arguments) -> Any:
        info_class: type[Info] = raw.schema._strawberry_schema.config.info_class  # type: ignore[attr-defined]
        return level(info_class(_raw_info=raw, _field=field), sources, arguments)

    return resolve


def _converter(definition: GraphQLField) -> Convert:
    """Return a function that converts arguments as Strawberry does."""
    arguments = {name: each.extensions[_DEFINITION] for name, each in definition.args.items()}

    def convert(schema: GraphQLSchema, coerced: Arguments) -> Arguments:
        of: Any = schema._strawberry_schema  # type: ignore[attr-defined]
        given = [arguments[name] for name in coerced]
        return convert_arguments(dict(coerced), given, of.schema_converter.scalar_registry, of.config)

    return convert
