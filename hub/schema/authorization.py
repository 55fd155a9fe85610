"""The scopes that a field requires: printed in the SDL as ``@requiresScopes`` for routers, and always checked here.

As in Apollo Federation 2.5, scopes are alternative sets: the viewer needs all scopes of one set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.extensions.field_extension import FieldExtension
from strawberry.federation.schema_directives import Authenticated, RequiresScopes
from strawberry.types.field import StrawberryField

from hub.schema.context import Context

AUTHENTICATED = Authenticated()
"""For a field whose required scope depends on its arguments; its resolver checks the scope."""


class ScopeRequirement(FieldExtension):
    """Raises ``Forbidden`` with a missing scope unless the viewer has all scopes of one of ``alternatives``."""

    def __init__(self, *alternatives: tuple[str, ...]) -> None:
        self._alternatives = alternatives

    def apply(self, field: StrawberryField) -> None:
        """Set the directive. Strawberry calls this for every schema on copies with shared lists: never append."""
        others = [each for each in field.directives if not isinstance(each, RequiresScopes)]
        field.directives = [*others, RequiresScopes(scopes=[list(each) for each in self._alternatives])]

    def check(self, context: Context) -> None:
        """Raise ``Forbidden`` unless the viewer has the scopes."""
        context.require_scopes(*self._alternatives)

    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Context], **arguments: Any) -> Any:
        """Check the scopes, then resolve the field."""
        self.check(info.context)
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> Any:
        """Check the scopes, then resolve the field."""
        self.check(info.context)
        return await next_(source, info, **arguments)


def requires(*scopes: str) -> list[FieldExtension]:
    """Return the extensions of a field that requires all of ``scopes``; empty without scopes."""
    return [ScopeRequirement(scopes)] if scopes else []


def requires_any(*scopes: str) -> list[FieldExtension]:
    """Return the extensions of a field that requires one of ``scopes``."""
    return [ScopeRequirement(*((scope,) for scope in scopes))]


def requirement(*scopes: str) -> str:
    """Return the sentence with which the description of a field names its required ``scopes``, at least one."""
    return f"Requires the scope{'s' if len(scopes) > 1 else ''} {' and '.join(scopes)}."
