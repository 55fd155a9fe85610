"""What scopes a field needs: said once, printed in the SDL for routers, and enforced here whatever they did.

Scopes are alternatives of sets, as ``@requiresScopes`` has them (Apollo Federation 2.5): each set
alone is enough, and of a set all are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.extensions.field_extension import FieldExtension
from strawberry.federation.schema_directives import Authenticated, RequiresScopes
from strawberry.types.field import StrawberryField

from hub.schema.context import Context

KNOWN = Authenticated()
"""For a field whose scope depends on its arguments, which no directive can say; its resolver does."""


class Needs(FieldExtension):
    """Refuses the field to who has none of ``alternatives`` in full; ``Forbidden`` then names the first one missing."""

    def __init__(self, *alternatives: tuple[str, ...]) -> None:
        self._alternatives = alternatives

    def apply(self, field: StrawberryField) -> None:
        """Print it. Called at every build, on copies that share their lists: so set, never appended."""
        others = [each for each in field.directives if not isinstance(each, RequiresScopes)]
        field.directives = [*others, RequiresScopes(scopes=[list(each) for each in self._alternatives])]

    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Context], **given: Any) -> Any:
        """Check, then go on."""
        info.context.need(*self._alternatives)
        return next_(source, info, **given)

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Context], **given: Any
    ) -> Any:
        """Check, then go on."""
        info.context.need(*self._alternatives)
        return await next_(source, info, **given)


def needs(*scopes: str) -> list[FieldExtension]:
    """For ``strawberry.field(extensions=…)``: all of ``scopes`` are needed; nothing is where there are none."""
    return [Needs(scopes)] if scopes else []


def needs_one(*scopes: str) -> list[FieldExtension]:
    """The same: any of ``scopes`` is enough."""
    return [Needs(*((scope,) for scope in scopes))]
