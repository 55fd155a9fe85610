"""The arguments of lists: page arguments as in Relay's specification, filters and searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Annotated, Any, Self

import strawberry
from graphql import GraphQLError

from hub.messages import Bilingual, in_language, message_of
from hub.schema import ids
from hub.schema.context import Context
from hub.schema.cost import DEFAULT_PAGE_SIZE
from hub.store.queries import cursors, lookup
from hub.store.queries.entity import Entity
from hub.store.queries.pagination import PageRequest

MAX_PAGE_SIZE = 100
"""Maximum number of rows of a page."""
MAX_SEARCH_LENGTH = 200
"""Maximum number of characters of a search."""

SEARCH_SYNTAX = (
    f"At most {MAX_SEARCH_LENGTH} characters, in the syntax of web search:"
    ' `"a phrase"`, `or`, `-excluded`. Secret texts are never searched. A search without words finds nothing.'
)
"""The part of a description that explains the syntax of a search."""

NUL_NOT_ALLOWED = "A filter cannot contain the character NUL.", "Filter tidak boleh berisi karakter NUL."


class BadArgument(GraphQLError):
    """An invalid argument of a field (code BAD_INPUT); the message states what is allowed."""

    def __init__(self, english: str, indonesian: str) -> None:
        super().__init__(Bilingual(english, indonesian), extensions={"code": "BAD_INPUT"})

    @classmethod
    def from_error(cls, error: Exception) -> Self:
        """Return an error with the message of ``error``."""
        message = message_of(error)
        return cls(message, in_language(message, "id"))


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The four page arguments of a connection."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """The number of rows; raises ``BadArgument`` if it is out of range or ``first`` and ``last`` are both set."""
        if self.first is not None and self.last is not None:
            raise BadArgument("Use `first` or `last`, not both.", "Gunakan `first` atau `last`, jangan keduanya.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 1 <= size <= MAX_PAGE_SIZE:
                raise BadArgument(
                    f"`{name}` must be between 1 and {MAX_PAGE_SIZE}.", f"`{name}` harus antara 1 dan {MAX_PAGE_SIZE}."
                )
        return self.first or self.last or DEFAULT_PAGE_SIZE

    def request(self, entity: Entity, order: Enum, filter_: Any) -> PageRequest:
        """Return the request for this page of a list of ``entity``; raises ``BadArgument``."""
        size, name = self.size, str(order.value)
        try:
            after, before = (cursors.decode(entity, name, cursor) for cursor in (self.after, self.before))
            return PageRequest(size, after, name, filter_conditions(filter_), before, self.last is not None)
        except (cursors.InvalidCursor, ids.BadId) as bad:
            raise BadArgument.from_error(bad) from None


First = Annotated[
    int | None,
    strawberry.argument(
        description=f"Return the first rows of the list: 1 to {MAX_PAGE_SIZE}, {DEFAULT_PAGE_SIZE} by default."
    ),
]
After = Annotated[str | None, strawberry.argument(description="Return only rows after this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(description=f"Return the last rows of the list instead of the first: 1 to {MAX_PAGE_SIZE}."),
]
Before = Annotated[str | None, strawberry.argument(description="Return only rows before this cursor.")]


def check_filter(context: Context, filter_: Any) -> None:
    """Raise ``Forbidden`` if a condition is on a field that the viewer has no scope to read.

    The result of such a condition would disclose the field's value. The attribute ``required_scopes`` of the filter's
    class maps the names of these conditions to their scopes.
    """
    for name, scope in getattr(type(filter_), "required_scopes", {}).items():
        if getattr(filter_, name) is not None:
            context.require_scopes((scope,))


def filter_conditions(filter_: Any) -> tuple[tuple[str, Any], ...]:
    """Return the conditions of a filter as (name, value) pairs of the entity's filters, without those that are null.

    The attribute ``parsers`` of the filter's class maps names to functions that convert or check a value, such as an
    id. Raises ``BadArgument`` and whatever a parser raises.
    """
    if filter_ is None:
        return ()
    parsers = getattr(type(filter_), "parsers", {})
    values = ((f.name, getattr(filter_, f.name)) for f in fields(filter_))
    return tuple((name, _storage_value(value, parsers.get(name))) for name, value in values if value is not None)


def check_search(search: str) -> str:
    """Return ``search``; raises ``BadArgument`` if it is too long."""
    if len(search) > MAX_SEARCH_LENGTH:
        raise BadArgument(
            f"A search may have {MAX_SEARCH_LENGTH} characters; this has {len(search)}.",
            f"Pencarian paling banyak {MAX_SEARCH_LENGTH} karakter; yang ini {len(search)}.",
        )
    return search


def _storage_value(value: Any, parse: Callable[[Any], Any] | None) -> Any:
    if isinstance(value, list):
        return tuple(_storage_value(each, parse) for each in value)
    stored = value.value if isinstance(value, Enum) else parse(value) if parse else value
    if isinstance(stored, str) and not lookup.is_storable_text(stored):
        raise BadArgument(*NUL_NOT_ALLOWED)
    return stored
