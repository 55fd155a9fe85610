"""Operations derived from a schema that together ask for every field of every type.

An entity is asked for by the ids of some, another type along a short path from the query type. One operation asks for
all its leaves, and one for each of its other fields, so that no operation exceeds the hub's limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from tests.executor.operations import SCALARS, Values

FEDERATION = frozenset({"Query._entities", "Query._service"})
DETOURS = frozenset({"Query.node", "Query.nodes"})
"""Fields that lead to every type by its id, but are no path of their own."""
IDS, ROWS, BELOW = 50, 20, 2
"""Entities by their ids, rows of the lists of the query type, and of those below."""
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


class Covering:
    """Writes the operations.

    ``values`` choose arguments, ``ids`` has some by type, and ``skipped`` names fields (``Type.field``) to leave out.
    """

    def __init__(
        self, schema: GraphQLSchema, values: Values, ids: Mapping[str, Sequence[str]], skipped: frozenset[str]
    ) -> None:
        self._schema, self._values, self._skipped = schema, {**SCALARS, **values}, skipped | FEDERATION
        assert schema.query_type
        self._query = schema.query_type
        self.paths = self._find_paths()
        """The openings of selection sets that lead to each object type, as ``complaints(first: 50)``."""
        for name, some in ids.items():
            self.paths[name] = [f"nodes(ids: {json.dumps(some[:IDS])})", f"... on {name}"]

    def queries(self) -> Iterator[str]:
        """Yield the queries."""
        for name, path in self.paths.items():
            type_ = cast(GraphQLObjectType, self._schema.type_map[name])
            if leaves := self._leaves(type_):
                yield self._along(path, leaves)
            for field_name, field in self._fields(type_):
                if is_leaf_type(get_named_type(field.type)):
                    continue
                asked = self._asked(type_, field_name, field)
                for below in self._selections(cast(Composite, get_named_type(field.type))):
                    yield self._along(path, f"{asked} {below}")

    def mutations(self) -> Iterator[str]:
        """Yield one mutation for each field of the mutation type, with every type that its result can have."""
        return self._whole_fields("mutation", self._schema.mutation_type)

    def subscriptions(self) -> Iterator[str]:
        """Yield one subscription for each field of the subscription type, with every type that its event can have."""
        return self._whole_fields("subscription", self._schema.subscription_type)

    def _whole_fields(self, operation: str, root: GraphQLObjectType | None) -> Iterator[str]:
        for name, field in root.fields.items() if root else ():
            result = cast(Composite, get_named_type(field.type))
            yield f"{operation} {{ {self._asked(cast(Any, root), name, field)} {self._whole(result)} }}"

    def _find_paths(self) -> dict[str, list[str]]:
        """Return the shortest path to each object type."""
        paths: dict[str, list[str]] = {self._query.name: []}
        waiting = [self._query]
        for type_ in waiting:
            for name, field in self._fields(type_):
                target = get_named_type(field.type)
                if is_leaf_type(target) or f"{type_.name}.{name}" in DETOURS:
                    continue
                for possible in self._possible(cast(Composite, target)):
                    if possible.name not in paths:
                        narrowed = [] if possible is target else [f"... on {possible.name}"]
                        paths[possible.name] = [*paths[type_.name], self._asked(type_, name, field), *narrowed]
                        waiting.append(possible)
        return paths

    def _possible(self, type_: Composite) -> list[GraphQLObjectType]:
        return [type_] if isinstance(type_, GraphQLObjectType) else list(self._schema.get_possible_types(type_))

    def _fields(self, type_: GraphQLObjectType) -> list[tuple[str, GraphQLField]]:
        return [(name, field) for name, field in type_.fields.items() if f"{type_.name}.{name}" not in self._skipped]

    def _along(self, path: list[str], selection: str) -> str:
        opened = "".join(f"{{ __typename {step} " for step in path)
        return f"{opened}{{ __typename {selection} }}" + " }" * len(path)

    def _leaves(self, type_: GraphQLObjectType) -> str:
        leaves = [(name, field) for name, field in self._fields(type_) if is_leaf_type(get_named_type(field.type))]
        return " ".join(self._asked(type_, name, field) for name, field in leaves)

    def _selections(self, type_: Composite) -> Iterator[str]:
        """Yield a selection of leaves for each possible type; of a connection, the leaves of its rows too."""
        for possible in self._possible(type_):
            body = f"__typename {self._leaves(possible)}"
            if node := possible.fields.get("nodes"):
                body += f" nodes {{ __typename {self._leaves(cast(GraphQLObjectType, get_named_type(node.type)))} }}"
            yield f"{{ {body} }}" if possible is type_ else f"{{ __typename ... on {possible.name} {{ {body} }} }}"

    def _whole(self, type_: Composite) -> str:
        """Return a selection of everything below ``type_``; of entities, their ids."""
        parts = []
        for possible in self._possible(type_):
            if any(interface.name == "Node" for interface in possible.interfaces):
                body = "__typename id"
            else:
                below = [
                    f"{self._asked(possible, name, field)} {self._whole(cast(Composite, get_named_type(field.type)))}"
                    for name, field in self._fields(possible)
                    if not is_leaf_type(get_named_type(field.type))
                ]
                body = f"__typename {self._leaves(possible)} {' '.join(below)}"
            parts.append(body if possible is type_ else f"... on {possible.name} {{ {body} }}")
        return f"{{ __typename {' '.join(parts)} }}"

    def _asked(self, type_: GraphQLObjectType, name: str, field: GraphQLField) -> str:
        given = [
            f"{argument}: {self._value(definition.type, f'{type_.name}.{name}.{argument}')}"
            for argument, definition in field.args.items()
            if is_required_argument(definition)
        ]
        if "first" in field.args:
            given.append(f"first: {ROWS if type_ is self._query else BELOW}")
        return f"{name}({', '.join(given)})" if given else name

    def _value(self, type_: GraphQLInputType, name: str) -> str:
        if name in self._values:
            return json.dumps(self._values[name](Random(0)))
        inner: Any = get_nullable_type(cast(Any, type_))
        if isinstance(inner, GraphQLList):
            return f"[{self._value(inner.of_type, name)}]"
        if isinstance(inner, GraphQLEnumType):
            return str(next(iter(inner.values)))
        if isinstance(inner, GraphQLInputObjectType):
            required = {n: f.type for n, f in inner.fields.items() if is_required_input_field(f)}
            return "{" + ", ".join(f"{n}: {self._value(t, f'{inner.name}.{n}')}" for n, t in required.items()) + "}"
        assert not isinstance(inner, GraphQLNonNull)
        return json.dumps(self._values[inner.name](Random(0)))
