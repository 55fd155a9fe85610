"""Declarations of how fields are resolved, besides the resolvers of the schema."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

if TYPE_CHECKING:
    from hub.executor.plan import Shape

Arguments = Mapping[str, Any]
Values = list[Any]
"""One value for each object, in order; an exception is the error of that object."""
Convert = Callable[[GraphQLSchema, Arguments], Arguments]
"""Converts coerced arguments, or some of them, for a resolver, which must not change them."""
Resolve = Callable[[GraphQLResolveInfo[Any], Sequence[Any], Arguments], Values | Awaitable[Values]]


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value is an attribute of the object."""

    name: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One call resolves the field for every object of a level.

    ``resolve(info, objects, arguments)`` returns one value for each object, in their order, or an awaitable of them; a
    value that is an exception is an error of that object alone, and a value may be awaitable. An exception that
    ``resolve`` raises is an error of every object. ``convert`` converts the arguments before: those that use no
    variable once for a plan. ``specialize(shape)`` returns, once for a plan, a function to call instead of ``resolve``:
    ``shape`` has the fields that are selected below.
    """

    resolve: Resolve
    convert: Convert | None = None
    specialize: Callable[[Shape], Resolve] | None = None


@dataclass(frozen=True, slots=True)
class FieldResolver:
    """How one field of one type is resolved.

    ``source`` None: the resolver of the schema is called for each object. ``check(context)`` is called once for all
    objects of a level; an exception that it raises is the error of the field for each of them.
    """

    source: Attribute | Batch | None = None
    check: Callable[[Any], None] | None = None


ResolverOf = Callable[[GraphQLObjectType, str, GraphQLField], FieldResolver]
"""Returns the resolver of a field: its type, its name and its definition."""

SCHEMA_RESOLVER = FieldResolver()


def schema_resolvers(parent: GraphQLObjectType, name: str, field: GraphQLField) -> FieldResolver:
    """Call the resolvers of the schema, whatever the field."""
    return SCHEMA_RESOLVER
