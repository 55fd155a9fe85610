"""A part: the declarations one module adds to the graph, and a subgraph when served alone.

A part records the types it owns, the fields it adds to types owned elsewhere, its links and its
root fields. The declarations themselves are ordinary Strawberry; the builder puts parts together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry.types.field import StrawberryField

from hub.schema.listing import Link, link_field
from hub.schema.nodes import Node
from hub.schema.weights import CHANGED

T = TypeVar("T", bound=type)


class Part:
    """One module's declarations, collected as it is imported."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description
        self.owns: list[type[Node]] = []
        self.adds: dict[type[Node], list[StrawberryField]] = defaultdict(list)
        self.queries: list[StrawberryField] = []
        self.mutations: list[StrawberryField] = []
        self.needs_every_node = False
        """Whether the part's root fields may return any entity, as ``node`` does."""

    def extends(self, owner: type[Node]) -> Callable[[type], None]:
        """Add the fields of a class body to a type another part owns; resolvers get the owner's instance."""

        def declare(cls: type) -> None:
            self.adds[owner] += _fields_of(cls)

        return declare

    def link(self, link: Link) -> None:
        """Add a link to its source type, which may be owned elsewhere."""
        field = link_field(link)
        field.python_name = link.field
        self.adds[link.source].append(field)

    def query(self, cls: type) -> None:
        """Add the fields of a class body to the query type."""
        self.queries += _fields_of(cls)

    def mutation(self, cls: type) -> None:
        """Add the fields of a class body to the mutation type."""
        for field in _fields_of(cls):
            field.directives = [*field.directives, CHANGED]
            self.mutations.append(field)


@dataclass_transform(field_specifiers=(strawberry.field,), kw_only_default=True)
def entity(part: Part, description: str) -> Callable[[T], T]:
    """Declare an entity of the graph, owned by ``part``; its keys are ``id`` and its ``natural_keys``."""

    def declare(cls: T) -> T:
        keys = ["id", *cls.natural_keys]  # type: ignore[attr-defined]
        made = strawberry.federation.type(cls, keys=keys, description=description)
        part.owns.append(made)
        return made

    return declare


def _fields_of(cls: type) -> list[StrawberryField]:
    definition: Any = strawberry.type(cls).__strawberry_definition__  # type: ignore[attr-defined]
    return list(definition.fields)
