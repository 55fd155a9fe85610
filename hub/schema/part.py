"""A part: the declarations that one module adds to the graph; a subgraph if it is served alone.

A part collects the types it owns, the fields it adds to types of other parts, its links and its root fields. The
declarations themselves are ordinary Strawberry; ``hub.schema.composition`` builds schemas from parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry.types.field import StrawberryField

from hub.schema.cost import MUTATION_COST
from hub.schema.link_fields import Link, link_field
from hub.schema.nodes import Node

T = TypeVar("T", bound=type)


class Part:
    """The declarations of one module, collected while it is imported."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description
        self.owned_types: list[type[Node]] = []
        self.added_fields: dict[type[Node], list[StrawberryField]] = defaultdict(list)
        self.queries: list[StrawberryField] = []
        self.mutations: list[StrawberryField] = []
        self.subscriptions: list[StrawberryField] = []
        self.exposes_every_node = False
        """Whether root fields of the part may return any type, as ``node`` does."""

    def extends(self, owner: type[Node]) -> Callable[[type], None]:
        """Return a decorator that adds the fields of a class to a type of another part, ``owner``."""

        def declare(cls: type) -> None:
            self.added_fields[owner] += _fields_of(cls)

        return declare

    def link(self, link: Link) -> None:
        """Add a link to its source type, which another part may own."""
        field = link_field(link)
        field.python_name = link.field
        self.added_fields[link.source].append(field)

    def query(self, cls: type) -> None:
        """Add the fields of a class to the query type."""
        self.queries += _fields_of(cls)

    def mutation(self, cls: type) -> None:
        """Add the fields of a class to the mutation type."""
        for field in _fields_of(cls):
            field.directives = [*field.directives, MUTATION_COST]
            self.mutations.append(field)

    def subscription(self, cls: type) -> None:
        """Add the fields of a class to the subscription type."""
        self.subscriptions += _fields_of(cls)


@dataclass_transform(field_specifiers=(strawberry.field,), kw_only_default=True)
def entity(part: Part, description: str) -> Callable[[T], T]:
    """Return a decorator that declares an entity owned by ``part``, with the keys ``id`` and ``natural_keys``."""

    def declare(cls: T) -> T:
        keys = ["id", *cls.natural_keys]  # type: ignore[attr-defined]
        made = strawberry.federation.type(cls, keys=keys, description=description)
        part.owned_types.append(made)
        return made

    return declare


def _fields_of(cls: type) -> list[StrawberryField]:
    definition: Any = strawberry.type(cls).__strawberry_definition__  # type: ignore[attr-defined]
    return list(definition.fields)
