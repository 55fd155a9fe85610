"""The SDL for clients, without the parts that are only for Apollo Federation.

The SDL uses the directives of federation and does not define them. Strict code generators and graphql-js's
``buildSchema`` reject such directives.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    DirectiveNode,
    SchemaDefinitionNode,
    Visitor,
    parse,
    print_ast,
    specified_directives,
    visit,
)


class _WithoutFederation(Visitor):
    """Removes directives that are not ``defined``, and fields and types whose names begin with an underscore."""

    def __init__(self, defined: frozenset[str]) -> None:
        super().__init__()
        self._defined = defined

    def enter_schema_definition(self, _: SchemaDefinitionNode, *__: Any) -> Any:
        """Remove the definition; it is optional, because the root types have their default names."""
        return REMOVE

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        return None if node.name.value in self._defined else REMOVE

    def _named(self, node: Any, *_: Any) -> Any:
        return REMOVE if node.name.value.startswith("_") else None

    enter_field_definition = enter_scalar_type_definition = _named
    enter_union_type_definition = enter_object_type_definition = _named


@cache
def client_sdl(sdl: str) -> str:
    """Return ``sdl`` without the parts for federation. The result is cached for each SDL."""
    document = parse(sdl, no_location=True)
    ours = {each.name.value for each in document.definitions if isinstance(each, DirectiveDefinitionNode)}
    defined = frozenset(ours | {each.name for each in specified_directives})
    return print_ast(visit(document, _WithoutFederation(defined)))
