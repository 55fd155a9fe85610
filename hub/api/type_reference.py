"""The types of the graph with their fields, arguments, scopes, costs and deprecations, read from the SDL.

The schema reference and the query page show them. Descriptions are in English, as in the SDL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputValueDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    TypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
    value_from_ast_untyped,
)

ROOTS = ("Query", "Mutation", "Subscription")
KINDS = {
    "object_type_definition": "objects",
    "interface_type_definition": "interfaces",
    "union_type_definition": "unions",
    "input_object_type_definition": "inputs",
    "enum_type_definition": "enums",
    "scalar_type_definition": "scalars",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A field, an argument or a value of a type; ``scopes`` are alternatives of scopes that are needed together."""

    name: str
    description: str
    type_text: str = ""
    type_name: str = ""
    arguments: Sequence[Entry] = ()
    default: str = ""
    scopes: Sequence[Sequence[str]] = ()
    cost: str = ""
    deprecated: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """A type: its kind, its fields or values, the types it is made of, and those that use it."""

    name: str
    kind: str
    description: str
    entries: Sequence[Entry] = ()
    members: Sequence[str] = ()
    used_by: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The names and descriptions of the type and its fields, in lower case."""
        texts = [self.name, self.description, *(f"{each.name} {each.description}" for each in self.entries)]
        return " ".join(texts).lower()


class Reference:
    """The types of ``sdl`` that clients see, which are those of ``client_sdl``."""

    def __init__(self, sdl: str, client_sdl: str) -> None:
        self._sdl, self.client_sdl = sdl, client_sdl

    @cached_property
    def types(self) -> Mapping[str, Described]:
        """The types by name: the roots first, then by kind and name."""
        shown = {node.name.value for node in _definitions(parse(self.client_sdl, no_location=True))}
        nodes = [node for node in _definitions(parse(self._sdl, no_location=True)) if node.name.value in shown]
        users = _users(nodes)
        found = [_described(node, users.get(node.name.value, ())) for node in nodes]
        kinds = ["roots", *KINDS.values()]
        found.sort(key=lambda each: (kinds.index(each.kind), _rank(each.name), each.name))
        return {each.name: each for each in found}

    @cached_property
    def _texts(self) -> Sequence[tuple[Described, str]]:
        return [(each, each.text) for each in self.types.values()]

    def search(self, text: str) -> list[Described]:
        """Return the types with every word of ``text`` in a name or description; all without words."""
        words = text.lower().split()
        return [each for each, whole in self._texts if all(word in whole for word in words)]


def _rank(name: str) -> int:
    return ROOTS.index(name) if name in ROOTS else len(ROOTS)


def _definitions(document: DocumentNode) -> Iterator[TypeDefinitionNode]:
    return (node for node in document.definitions if isinstance(node, TypeDefinitionNode))


def _users(nodes: Sequence[TypeDefinitionNode]) -> dict[str, list[str]]:
    """Return the names of the types whose fields and arguments have a type, by its name."""
    users: dict[str, set[str]] = {}
    for node in nodes:
        for field in getattr(node, "fields", None) or ():
            for each in (field, *(getattr(field, "arguments", None) or ())):
                users.setdefault(_named(each.type), set()).add(node.name.value)
    return {name: sorted(found) for name, found in users.items()}


def _described(node: TypeDefinitionNode, users: Sequence[str]) -> Described:
    name = node.name.value
    kind = "roots" if name in ROOTS else KINDS[node.kind]
    members = [each.name.value for each in getattr(node, "interfaces", None) or ()]
    if isinstance(node, UnionTypeDefinitionNode):
        members = [each.name.value for each in node.types or ()]
    if isinstance(node, EnumTypeDefinitionNode):
        entries = [Entry(each.name.value, _text(each), **_marks(each.directives)) for each in node.values or ()]
    else:
        fields: Sequence[FieldDefinitionNode | InputValueDefinitionNode] = getattr(node, "fields", None) or ()
        entries = [_entry(each) for each in fields if not each.name.value.startswith("_")]
    return Described(name, kind, _text(node), entries, members, users)


def _entry(node: FieldDefinitionNode | InputValueDefinitionNode) -> Entry:
    arguments = [_entry(each) for each in getattr(node, "arguments", None) or ()]
    default = getattr(node, "default_value", None)
    return Entry(
        node.name.value,
        _text(node),
        print_ast(node.type),
        _named(node.type),
        arguments,
        print_ast(default) if default else "",
        **_marks(node.directives),
    )


def _marks(directives: Sequence[ConstDirectiveNode] | None) -> dict[str, Any]:
    """Return what the directives of a field or value say: scopes, cost, deprecation."""
    given = {
        each.name.value: {one.name.value: value_from_ast_untyped(one.value) for one in each.arguments or ()}
        for each in directives or ()
    }
    marks: dict[str, Any] = {}
    if "requiresScopes" in given:
        marks["scopes"] = given["requiresScopes"]["scopes"]
    if "cost" in given:
        marks["cost"] = str(given["cost"]["weight"])
    if "deprecated" in given:
        marks["deprecated"] = str(given["deprecated"].get("reason") or "–")
    return marks


def _named(node: TypeNode) -> str:
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    assert isinstance(node, NamedTypeNode)
    return node.name.value


def _text(node: DefinitionNode | FieldDefinitionNode | InputValueDefinitionNode) -> str:
    description = getattr(node, "description", None)
    return description.value.strip() if description else ""
