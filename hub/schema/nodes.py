"""The base types of the graph: nodes, connections, enums and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

import strawberry
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.bounds import INT_MAX
from hub.kinds import Code
from hub.schema import ids
from hub.schema.authorization import requirement, requires
from hub.schema.context import Info
from hub.schema.cost import COUNT_COST
from hub.schema.levels import READS
from hub.store.queries.entity import Entity, Row
from hub.store.queries.lookup import Ref
from hub.store.queries.pagination import COUNT_CAP, PageRequest, RowPage

log = structlog.stdlib.get_logger(__name__)

CodeT = TypeVar("CodeT", bound=type[Code])


def code_enum(codes: CodeT, description: str) -> CodeT:
    """Register ``codes`` as an enum of the graph, with the description of each value."""
    enum = strawberry.enum(codes, description=description)
    definition: Any = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = codes(value.value).description
    return enum


class Language(Code):
    """The languages of labels and messages."""

    ID = "ID", "Bahasa Indonesia", "Indonesian", "Indonesian."
    EN = "EN", "Bahasa Inggris", "English", "English."


code_enum(Language, "A language for labels and messages.")


def label(info: Info, indonesian: str, english: str, language: Language | None) -> str:
    """Return the text in ``language``, or in the language of the request."""
    name = language.value.lower() if language else info.context.language
    return english if name == "en" else indonesian


LanguageArgument = Annotated[
    Language | None,
    strawberry.argument(
        description="The language of the text; by default the language of the request (header Accept-Language)."
    ),
]


def label_field(name: str, of: str, *scopes: str) -> Any:
    """Return a field with the label of the code in the field ``name``; it requires ``scopes``."""

    def resolve(root: Any, info: Info, language: LanguageArgument = None) -> str | None:
        code: Code | None = getattr(root, name)
        return None if code is None else label(info, code.label_id, code.label_en, language)

    text = f"{of}, as text for people." + (f" {requirement(*scopes)}" if scopes else "")
    return strawberry.field(resolver=resolve, description=text, extensions=requires(*scopes), metadata={READS: (name,)})


@strawberry.interface(description="An object with a globally unique id.")
class Node:
    """Base of all entities. A subclass names its entity in the store and is built from the entity's rows."""

    entity: ClassVar[Entity]
    natural_keys: ClassVar[dict[str, str]] = {}
    """Further key fields: field name → key in the store, or "" for the reference itself."""
    columns: ClassVar[Mapping[str, tuple[str, ...]] | None] = None
    """The columns that a field reads, by the field's Python name; any other reads the column that is named like it, if
    there is one. Columns that no selected field reads are null for ``from_row``. None: every column is read."""

    ref: strawberry.Private[Ref]
    row_read: strawberry.Private[Row | None] = None
    """The row that it was made of, which its viewer sees in the snapshot of ``read_by``; None for a stub."""
    read_by: strawberry.Private[AsyncConnection | None] = None

    @strawberry.field(
        description="The globally unique id of the object: opaque, and it never changes.", metadata={READS: ()}
    )
    def id(self) -> strawberry.ID:
        """Return the encoded reference."""
        return self.id_of(self.ref)

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the node of a row; raises ``ValueError`` and similar for a row that the graph cannot represent."""
        raise NotImplementedError(f"{cls.__name__} does not implement from_row")

    @classmethod
    def id_of(cls, ref: Ref) -> strawberry.ID:
        """Return the id for a reference."""
        return strawberry.ID(ids.encode(cls.entity.name, ref))

    @classmethod
    def stub(cls, ref: Ref) -> Self:
        """Return a node with only its id, for a part that does not own the type."""
        stub = object.__new__(cls)
        stub.ref = ref
        return stub


NodeT = TypeVar("NodeT", bound=Node)

UNREADABLE_ROWS: Counter[str] = Counter()
"""The number of rows of each type that this process could not represent."""

_ROW_ERRORS = (ArithmeticError, LookupError, TypeError, ValueError)


def row_ref(row: Row) -> Ref:
    """Return the reference of a row."""
    return row["_system"], row["_ref"]


def node_from_row(node: type[NodeT], row: Row) -> NodeT | None:
    """Return the node of a row; None, logged and counted, if the graph cannot represent the row."""
    return nodes_from_rows(node, [row])[0]


def nodes_from_rows(
    node: type[NodeT], rows: Iterable[Row], read_by: AsyncConnection | None = None
) -> list[NodeT | None]:
    """Return the node of each row; None, logged and counted, for one that the graph cannot represent."""
    found: list[NodeT | None] = []
    for row in rows:
        try:
            made = node.from_row(row)
        except _ROW_ERRORS as error:
            UNREADABLE_ROWS[node.entity.name] += 1
            log.warning("row.left_out", type=node.entity.name, id=node.id_of(row_ref(row)), error=type(error).__name__)
            found.append(None)
        else:
            made.row_read, made.read_by = row, read_by
            found.append(made)
    return found


def checked_int(value: Any) -> int:
    """Return ``value`` if it fits the type Int; raises ``ValueError``."""
    if type(value) is not int or abs(value) > INT_MAX:
        raise ValueError("the value does not fit the type Int")
    return value


@strawberry.federation.type(shareable=True, description="An amount of money.")
class Money:
    """An amount with its currency."""

    amount: Decimal = strawberry.field(description="The amount, as a decimal number in a string.")
    currency: str = strawberry.field(description="The currency code (ISO 4217), such as IDR.")

    @classmethod
    def from_amount(cls, amount: Decimal | None, currency: str | None) -> Self | None:
        """Return the amount in ``currency``, IDR by default; None without an amount."""
        return None if amount is None else cls(amount=amount, currency=currency or "IDR")


@strawberry.federation.type(
    shareable=True, description="The position of a page in its list, for fetching the next or the previous page."
)
class PageInfo:
    """``PageInfo`` as in Relay's specification of connections."""

    has_next_page: bool = strawberry.field(
        description="Whether more rows follow this page. With `last`: whether `before` was set."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether `after` was set. With `last`: whether more rows precede this page."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first row; pass it as `before` to fetch the previous page. Null for an empty"
        " page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last row; pass it as `after` to fetch the next page. Null for an empty page."
    )

    @classmethod
    def of(cls, page: RowPage, request: PageRequest) -> Self:
        """Return the position of a page.

        In the direction of reading, the query found out whether more rows follow. In the other direction, there are
        more if a cursor was set.
        """
        return cls(
            has_next_page=request.before is not None or (page.more and not request.backward),
            has_previous_page=request.after is not None or (page.more and request.backward),
            start_cursor=page.cursor(0) if page.rows else None,
            end_cursor=page.cursor(-1) if page.rows else None,
        )


@strawberry.type(description="A row of a list with its cursor.")
class Edge(Generic[NodeT]):
    """An edge as in Relay's specification of connections."""

    node: NodeT = strawberry.field(description="The row.")
    page: strawberry.Private[RowPage]
    index: strawberry.Private[int]

    @strawberry.field(description="The cursor of the row; pass it as `after` or `before`.")
    def cursor(self) -> str:
        """Return the position of the row in its page."""
        return self.page.cursor(self.index)


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """A connection as in Relay's specification. ``count_rows`` is called only if a count is selected."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The rows of the page.")
    page: strawberry.Private[RowPage]
    request: strawberry.Private[PageRequest]
    count_rows: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The position of the page in the list.")
    def page_info(self) -> PageInfo:
        """Return it as the page was read."""
        return PageInfo.of(self.page, self.request)

    @strawberry.field(description="The rows of the page without their cursors.")
    def nodes(self) -> list[NodeT]:
        """Return the nodes of ``edges``."""
        return [edge.node for edge in self.edges]

    @strawberry.field(
        description=f"The number of rows in the list; null if there are more than {COUNT_CAP:,}.",
        directives=[COUNT_COST],
    )
    async def total_count(self) -> int | None:
        """Return the exact count, or None above the cap."""
        found = await self.count_rows()
        return found if found <= COUNT_CAP else None

    @strawberry.field(
        description=f"The number of rows in the list, counted up to {COUNT_CAP:,}.", directives=[COUNT_COST]
    )
    async def total_count_at_least(self) -> int:
        """Return the count, at most the cap."""
        return min(await self.count_rows(), COUNT_CAP)
