"""Random valid operations of any schema, with their variables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

Values = Mapping[str, Callable[[Random], Any]]
"""Functions that choose a JSON value, by the name of a scalar, or of an argument as ``Type.field.argument``."""

SCALARS: Values = {
    "Int": lambda random: random.randint(-3, 30),
    "Float": lambda random: random.uniform(-10, 10),
    "Boolean": lambda random: random.random() < 0.5,
    "String": lambda random: random.choice(["", "a", "b", "ü"]),
    "ID": lambda random: random.choice(["1", "2", "x"]),
}


FIELDS = 16
"""The approximate number of fields of an operation; more take longer and find no more."""


class _Writer:
    """Writes one operation. ``skipped`` names fields (``Type.field``) that are never selected."""

    def __init__(
        self, schema: GraphQLSchema, random: Random, values: Values, skipped: frozenset[str], fields: int
    ) -> None:
        self.schema, self.random, self.skipped = schema, random, skipped
        self.values = {**SCALARS, **values}
        self.variables: dict[str, tuple[str, Any]] = {}
        self.fragments: list[str] = []
        self.left = fields

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """Write a selection set, with at least one field."""
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return "{ " + " ".join(["__typename", *self._narrowed(type_, depth)]) + " }"
        names = [name for name, field in type_.fields.items() if self._fits(type_, name, field, depth)]
        chosen = self.random.choices(names, k=self.random.randint(0, 6)) if names else []
        parts = [self._field(type_, name, depth) for name in chosen]
        if isinstance(type_, GraphQLInterfaceType):
            parts += self._narrowed(type_, depth)
        if depth > 0 and self._one_in(6):
            parts.append(self._nested(type_, depth - 1))
        if not parts or self._one_in(5):
            parts.append(self._aliased("__typename") + self._condition())
        return "{ " + " ".join(parts) + " __typename }"

    def _fits(self, type_: GraphQLNamedType, name: str, field: GraphQLField, depth: int) -> bool:
        leaf = is_leaf_type(get_named_type(field.type))
        return f"{type_.name}.{name}" not in self.skipped and (leaf or (depth > 0 and self.left > 0))

    def _aliased(self, name: str) -> str:
        return f"x{self.random.randint(0, 2)}_{name.strip('_')}: {name}"

    def _field(self, type_: Any, name: str, depth: int) -> str:
        self.left -= 1
        field = type_.fields[name]
        arguments = self._arguments(type_, name, field)
        # The key tells the type and the arguments, so that two fields with one key can always be merged.
        key = f"{type_.name}_{name}_{crc32(arguments.encode())}"
        alias = f"{key}: " if arguments or self._one_in(2) else f"{type_.name}_{name}: "
        below = get_named_type(field.type)
        selection = "" if is_leaf_type(below) else " " + self.selection(below, depth - 1)
        return f"{alias}{name}{arguments}{self._condition()}{selection}"

    def _nested(self, type_: GraphQLNamedType, depth: int) -> str:
        body = self.selection(type_, depth)
        if self._one_in(2):
            return f"... on {type_.name}{self._condition()} {body}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {body}")
        return f"...{name}{self._condition()}"

    def _narrowed(self, type_: Any, depth: int) -> list[str]:
        possible = self.schema.get_possible_types(type_)
        chosen = self.random.sample(possible, self.random.randint(0, min(2, len(possible))))
        return [self._nested(each, depth) for each in chosen]

    def _condition(self) -> str:
        if not self._one_in(6):
            return ""
        value, name = self._one_in(2), self.random.choice(["skip", "include"])
        if self._one_in(2):
            return f" @{name}(if: {json.dumps(value)})"
        return f" @{name}(if: ${self._variable('Boolean!', value)})"

    def _one_in(self, count: int) -> bool:
        return self.random.randrange(count) == 0

    def _variable(self, type_: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = (type_, value)
        return name

    def _arguments(self, type_: GraphQLNamedType, name: str, field: GraphQLField) -> str:
        given = []
        for argument, definition in field.args.items():
            if not is_required_argument(definition) and not self._one_in(3):
                continue
            value = self._value(definition.type, f"{type_.name}.{name}.{argument}")
            if self._one_in(2):
                written = f"${self._variable(str(definition.type), value)}"
            else:
                written = _literal(value, definition.type)
            given.append(f"{argument}: {written}")
        return f"({', '.join(given)})" if given else ""

    def _value(self, type_: GraphQLInputType, name: str = "") -> Any:
        if name in self.values:
            return self.values[name](self.random)
        if isinstance(type_, GraphQLNonNull):
            return self._sound(type_.of_type)
        return None if self._one_in(10) else self._sound(type_)

    def _sound(self, type_: GraphQLInputType) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._value(type_.of_type) for _ in range(self.random.randint(0, 2))]
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            names = [n for n, f in type_.fields.items() if is_required_input_field(f) or self._one_in(5)]
            return {n: self._value(type_.fields[n].type, f"{type_.name}.{n}") for n in names}
        assert not isinstance(type_, GraphQLNonNull)
        return self.values[type_.name](self.random)


def _literal(value: Any, type_: GraphQLInputType) -> str:
    inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(value, list):
        return "[" + ", ".join(_literal(each, inner.of_type) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{n}: {_literal(v, inner.fields[n].type)}" for n, v in value.items()) + "}"
    return (
        str(value)
        if isinstance(inner, GraphQLEnumType) and value is not None
        else json.dumps(value, ensure_ascii=False)
    )


def random_operation(
    schema: GraphQLSchema,
    random: Random,
    *,
    depth: int = 4,
    fields: int = FIELDS,
    values: Values | None = None,
    skipped: frozenset[str] = frozenset(),
    mutation: bool = False,
) -> tuple[str, dict[str, Any]]:
    """Return the document and the variables of a valid query, or with ``mutation`` of a mutation.

    It has about so many ``fields`` with ``depth`` levels at most.
    """
    writer = _Writer(schema, random, values or {}, skipped, fields)
    root = schema.mutation_type if mutation else schema.query_type
    assert root is not None
    body = writer.selection(root, depth)
    defined = ", ".join(f"${name}: {type_}" for name, (type_, _) in writer.variables.items())
    head = ("mutation" if mutation else "query") + (f" O({defined})" if defined else " O")
    return "\n".join([f"{head} {body}", *writer.fragments]), {name: v for name, (_, v) in writer.variables.items()}
