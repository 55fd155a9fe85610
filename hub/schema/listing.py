"""Lists and links of the graph, made from declarations: what to list, how to filter and order it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from enum import Enum
from functools import partial
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError

from hub.schema import ids
from hub.schema.context import Context, Info
from hub.schema.needs import needs
from hub.schema.nodes import Connection, Edge, Node, NodeT, PageInfo
from hub.schema.weights import FIRST, PAGED, SHORT
from hub.store.reading import cursors, links, lists, naming
from hub.store.reading.entities import HUB
from hub.store.reading.entity import Row
from hub.store.reading.links import Hop
from hub.store.reading.lists import Rows, Slice
from hub.store.reading.naming import Ref

FIRST_MAX = 100
LIST_MAX = 100
"""Rows of a link that is a plain list."""


class BadArgument(GraphQLError):
    """An argument a field cannot take; the message says what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_INPUT"})


@dataclass(frozen=True)
class Listing:
    """How a type is listed: its filter input and its enum of orders (values are names of the entity's orders)."""

    node: type[Node]
    filter: type
    order: type[Enum]


@dataclass(frozen=True)
class Link:
    """A declared field that leads from one type to another by a key both hold.

    ``many``: None leads to one, ``list`` to a short plain list, a ``Listing`` to a connection.
    ``scopes`` are what a viewer needs to follow it at all, all of them.
    """

    source: type[Node]
    field: str
    target: type[Node]
    keys: tuple[str, ...]
    description: str
    many: Listing | type[list[Any]] | None = None
    scopes: tuple[str, ...] = ()

    @property
    def hop(self) -> Hop:
        """The same between the store's entities."""
        return Hop(self.source.entity, self.target.entity, self.keys)


def check_filter(context: Context, filter_: Any) -> None:
    """``Forbidden`` for a condition on what the viewer has no scope to read: its answer would tell the value.

    An input's ``needs`` names the scope of each such condition.
    """
    for name, scope in getattr(type(filter_), "needs", {}).items():
        if getattr(filter_, name) is not None:
            context.need((scope,))


def conditions(filter_: Any) -> tuple[tuple[str, Any], ...]:
    """A filter input as (name, value) pairs of the entity's filters; what was not given is left out.

    An input's ``reads`` says how to read values that are not the store's own, such as ids.
    """
    if filter_ is None:
        return ()
    reads = getattr(type(filter_), "reads", {})
    given = ((f.name, getattr(filter_, f.name)) for f in fields(filter_))
    return tuple((name, _plain(value, reads.get(name))) for name, value in given if value is not None)


def _plain(value: Any, read: Callable[[Any], Any] | None) -> Any:
    if isinstance(value, list):
        return tuple(_plain(each, read) for each in value)
    plain = value.value if isinstance(value, Enum) else read(value) if read else value
    if isinstance(plain, str) and not naming.nameable(plain):
        raise BadArgument("A filter cannot look for the character NUL.")
    return plain


def part_of(node: type[Node], first: int, after: str | None, filter_: Any, order: Enum) -> Slice:
    """The slice of a list of ``node`` that its arguments ask for."""
    if not 1 <= first <= FIRST_MAX:
        raise BadArgument(f"`first` must be between 1 and {FIRST_MAX}.")
    try:
        if after is not None:
            cursors.check(node.entity, order.value, after)
        return Slice(first, after, order.value, conditions(filter_))
    except (cursors.BadCursor, ids.BadId) as bad:
        raise BadArgument(str(bad)) from None


def connection(node: type[Node], rows: Rows, part: Slice, counted: Callable[[], Any]) -> Connection[Any]:
    """A page of rows as the graph shows it."""
    edges = [Edge(node=node.from_row(row), cursor=cursor) for row, cursor in zip(rows.rows, rows.cursors, strict=True)]
    info = PageInfo(
        has_next_page=rows.more,
        has_previous_page=part.after is not None,
        start_cursor=rows.cursors[0] if rows.cursors else None,
        end_cursor=rows.cursors[-1] if rows.cursors else None,
    )
    return Connection(edges=edges, page_info=info, counted=counted)


async def page(context: Context, node: type[Node], part: Slice) -> Connection[Any]:
    """A page of all there is of ``node``."""

    async def count() -> int:
        async with context.database.read() as db:
            return await lists.count(db, node.entity, context.viewer, part.where)

    async with context.database.read() as db:
        rows = await lists.page(db, node.entity, context.viewer, part)
    return connection(node, rows, part, lambda: context.once(("count", node, part.where), count))


async def nodes_by_ref(context: Context, node: type[Node], refs: Iterable[Ref]) -> list[Node | None]:
    """The nodes called ``refs``, None for each that is not there or not visible; one statement a level."""

    async def load(keys: list[Ref]) -> list[Node | None]:
        async with context.database.read() as db:
            rows = await naming.by_refs(db, node.entity, context.viewer, keys)
        return [_node(node, rows.get(key)) for key in keys]

    return await context.batch(("refs", node), load).load_many(list(refs))


async def node_of_hub(context: Context, node: type[NodeT], name: str) -> NodeT | None:
    """What the hub itself keeps under ``name``; None when it is not there or not visible."""
    (found,) = await nodes_by_ref(context, node, [(HUB, name)])
    return found if isinstance(found, node) else None


def _node(node: type[Node], row: Row | None) -> Node | None:
    return None if row is None else node.from_row(row)


async def _linked(context: Context, link: Link, ref: Ref, part: Slice) -> Rows:
    """The page of a link from ``ref``; one statement a level and key."""
    find = partial(links.linked, hop=link.hop, part=part)
    return await context.found(("link", link.source, link.field, part), find, ref) or Rows([], [], False)


async def _link_count(context: Context, link: Link, ref: Ref, part: Slice) -> int:
    find = partial(links.linked_counts, hop=link.hop, where=part.where)
    return await context.found(("count", link.source, link.field, part.where), find, ref) or 0


def list_field(listing: Listing, description: str, *scopes: str) -> Any:
    """A root field that lists a type; null where ``scopes`` are missing, or that of a filter."""

    async def resolve(info: Info, first: Any, after: Any, filter: Any, order_by: Any) -> Any:
        check_filter(info.context, filter)
        return await page(info.context, listing.node, part_of(listing.node, first, after, filter, order_by))

    nullable = bool(scopes or getattr(listing.filter, "needs", None))
    return _with_list_arguments(resolve, listing, description, scopes, nullable=nullable)


def link_field(link: Link) -> Any:
    """The field a link adds to its source type."""
    if isinstance(link.many, Listing):
        return _connection_link(link, link.many)
    if link.many is list:
        return _list_link(link)
    return _one_link(link)


def _one_link(link: Link) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        rows = await _linked(info.context, link, root.ref, Slice(1))
        return link.target.from_row(rows.rows[0]) if rows.rows else None

    resolve.__annotations__ = {"root": link.source, "info": Info, "return": link.target | None}
    return strawberry.field(resolver=resolve, description=_described(link), extensions=needs(*link.scopes))


def _list_link(link: Link) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        rows = await _linked(info.context, link, root.ref, Slice(LIST_MAX))
        return [link.target.from_row(row) for row in rows.rows]

    resolve.__annotations__ = {"root": link.source, "info": Info, "return": list[link.target] | None}  # type: ignore[name-defined]
    description = f"{_described(link)} At most {LIST_MAX}."
    return strawberry.field(
        resolver=resolve, description=description, directives=[SHORT], extensions=needs(*link.scopes)
    )


def _connection_link(link: Link, listing: Listing) -> Any:
    async def resolve(root: Any, info: Info, first: Any, after: Any, filter: Any, order_by: Any) -> Any:
        check_filter(info.context, filter)
        part = part_of(link.target, first, after, filter, order_by)
        rows = await _linked(info.context, link, root.ref, part)
        return connection(link.target, rows, part, lambda: _link_count(info.context, link, root.ref, part))

    return _with_list_arguments(resolve, listing, _described(link), link.scopes, nullable=True, source=link.source)


def _described(link: Link) -> str:
    return f"{link.description} Needs {' and '.join(link.scopes)}." if link.scopes else link.description


def _with_list_arguments(
    resolve: Any,
    listing: Listing,
    description: str,
    scopes: tuple[str, ...],
    *,
    nullable: bool,
    source: type | None = None,
) -> Any:
    """Give ``resolve`` the arguments every list has, typed for ``listing``."""
    default = next(iter(listing.order))
    shown: Any = Connection[listing.node]  # type: ignore[name-defined]
    resolve.__annotations__ = {
        **({"root": source} if source else {}),
        "info": Info,
        "first": Annotated[int, strawberry.argument(description=f"How many rows, 1 to {FIRST_MAX}.")],
        "after": Annotated[str | None, strawberry.argument(description="A cursor: go on after that row.")],
        "filter": Annotated[listing.filter | None, strawberry.argument(description="Which rows; all by default.")],
        "order_by": Annotated[listing.order, strawberry.argument(description="In which order.")],
        "return": shown | None if nullable else shown,
    }
    resolve.__defaults__ = (FIRST, None, None, default)
    return strawberry.field(resolver=resolve, description=description, directives=[PAGED], extensions=needs(*scopes))
