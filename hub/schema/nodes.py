"""What every entity of the graph is made of: an id, a row, and how to come from one to the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

import strawberry

from hub.kinds import Code
from hub.schema import ids
from hub.schema.context import Info
from hub.schema.needs import needs
from hub.schema.weights import COUNTED
from hub.store.reading.entity import Entity, Row
from hub.store.reading.lists import COUNT_CAP
from hub.store.reading.naming import Ref

CodeT = TypeVar("CodeT", bound=type[Code])


def code_enum(codes: CodeT, description: str) -> CodeT:
    """``codes`` as an enum of the graph, each value with its description."""
    enum = strawberry.enum(codes, description=description)
    definition: Any = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = codes(value.value).description
    return enum


class Language(Code):
    """Languages the hub speaks."""

    ID = "ID", "Bahasa Indonesia", "Indonesian", "Indonesian."
    EN = "EN", "Bahasa Inggris", "English", "English."


code_enum(Language, "The language of a label.")


def label(info: Info, indonesian: str, english: str, language: Language | None) -> str:
    """The text in the language asked for, or in the one of ``Accept-Language``."""
    wanted = language.value.lower() if language else info.context.language
    return english if wanted == "en" else indonesian


LanguageArgument = Annotated[
    Language | None, strawberry.argument(description="The language; by default that of Accept-Language.")
]


def label_field(name: str, of: str, *scopes: str) -> Any:
    """A field with the label of the code in field ``name``; it needs ``scopes``, as that does."""

    def resolve(root: Any, info: Info, language: LanguageArgument = None) -> str | None:
        code: Code | None = getattr(root, name)
        return None if code is None else label(info, code.label_id, code.label_en, language)

    words = f"{of}, in words." + (f" Needs {' and '.join(scopes)}." if scopes else "")
    return strawberry.field(resolver=resolve, description=words, extensions=needs(*scopes))


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    """Base of all entities. Subclasses say which entity of the store they show, and build themselves from a row."""

    entity: ClassVar[Entity]
    natural_keys: ClassVar[dict[str, str]] = {}
    """Key fields outsiders know, other than ``id``: field name → the store's key, or "" for the reference itself."""

    id: strawberry.ID = strawberry.field(description="Opaque and stable.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """The entity as its row tells it."""
        raise NotImplementedError(f"{cls.__name__} does not say how it comes from a row")

    @classmethod
    def id_of(cls, ref: Ref) -> strawberry.ID:
        """The id of the row called ``ref``."""
        return strawberry.ID(ids.encode(cls.entity.name, ref))

    @classmethod
    def row_id(cls, row: Row) -> strawberry.ID:
        """The id of a row read from the store."""
        return cls.id_of((row["_system"], row["_ref"]))

    @classmethod
    def stub(cls, id_: str) -> Self:
        """Only the id, for a part that does not own the type; links from it start at what the viewer may see."""
        stub = object.__new__(cls)
        stub.id = strawberry.ID(id_)
        return stub

    @property
    def ref(self) -> Ref:
        """The reference in the id."""
        return ids.decode(self.id)[1]


NodeT = TypeVar("NodeT", bound=Node)


@strawberry.federation.type(shareable=True, description="An amount of money.")
class Money:
    """Money as the graph shows it."""

    amount: Decimal = strawberry.field(description="The amount, as a decimal string.")
    currency: str = strawberry.field(description="ISO 4217, such as IDR.")

    @classmethod
    def of(cls, amount: Decimal | None, currency: str | None) -> Self | None:
        """None where the system told no amount."""
        return None if amount is None else cls(amount=amount, currency=currency or "IDR")


@strawberry.federation.type(shareable=True, description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo; lists are read forward."""

    has_next_page: bool = strawberry.field(description="Whether more follows.")
    has_previous_page: bool = strawberry.field(description="Whether the page began after a cursor.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row of the page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row; give it as `after` to go on.")


@strawberry.type(description="A row of a list.")
class Edge(Generic[NodeT]):
    """Relay's edge."""

    node: NodeT = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="Where it stands in the list.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """Relay's connection; counts are made only when asked for."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The rows of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    counted: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description=f"How many rows the list has in all; null above {COUNT_CAP:,}.", directives=[COUNTED])
    async def total_count(self) -> int | None:
        """Exact up to the cap."""
        found = await self.counted()
        return found if found <= COUNT_CAP else None

    @strawberry.field(
        description=f"How many rows the list has at least; exact up to {COUNT_CAP:,}.", directives=[COUNTED]
    )
    async def total_count_at_least(self) -> int:
        """Never more than the cap."""
        return min(await self.counted(), COUNT_CAP)
