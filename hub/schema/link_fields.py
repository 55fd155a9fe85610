"""Builds the fields of links: ``link_field`` makes a field and its resolver from a ``Link``, which is data.

``Part.link`` calls ``link_field`` once for each link while the parts are imported, and ``hub.schema.composition``
adds the field to the source type of every schema it builds. There are three kinds of resolver: for one node, for a
plain list and for a connection. A resolver has no type annotations of its own; it gets them here from the link,
because Strawberry reads the types of arguments and results from them.

A resolver loads the linked rows of all parents of one level with one SQL statement per key (``Context.load``). Where
the executor resolves a level at once, it calls the function in the field's metadata instead of the resolver.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.schema.authorization import requirement, requires
from hub.schema.connections import Listing, connection, connection_field, page_request
from hub.schema.context import Context, Info
from hub.schema.cost import SHORT_LIST_SIZE
from hub.schema.levels import LEVEL, READS, TARGET, ResolveLevel
from hub.schema.nodes import Connection, Node, nodes_from_rows
from hub.store.queries import links
from hub.store.queries.links import EntityLink
from hub.store.queries.lookup import Ref
from hub.store.queries.pagination import PageRequest, RowPage

_EMPTY = RowPage([], "", False)
_NOTHING: frozenset[str] = frozenset()

MAX_LIST_SIZE = 100
"""Maximum number of rows of a link that is a plain list."""


@dataclass(frozen=True)
class Link:
    """A field from one type to another: it leads to the rows that have the same value of one of ``keys``.

    ``many`` is None for a single node, ``list`` for a short plain list, a ``Listing`` for a connection. All of
    ``scopes`` are required to follow the link.
    """

    source: type[Node]
    field: str
    target: type[Node]
    keys: tuple[str, ...]
    description: str
    many: Listing | type[list[Any]] | None = None
    scopes: tuple[str, ...] = ()

    @cached_property
    def entity_link(self) -> EntityLink:
        """The link between the entities of the store."""
        return EntityLink(self.source.entity, self.target.entity, self.keys)


def link_field(link: Link) -> Any:
    """Return the field that ``link`` adds to its source type."""
    if isinstance(link.many, Listing):
        return _connection_link(link, link.many)
    if link.many is list:
        return _list_link(link)
    return _single_link(link)


def _single_link(link: Link) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        page = await _linked_page(info.context, link, root.ref, PageRequest(1))
        return next(iter(_nodes(link, page)), None)

    async def resolve_level(info: Info, parents: Sequence[Node], without: frozenset[str] = _NOTHING) -> list[Any]:
        pages = await _linked_pages(info.context, link, parents, PageRequest(1, without=without))
        return _of_each(pages, lambda page: next(iter(_nodes(link, page)), None))

    resolve.__annotations__ = {"root": link.source, "info": Info, "return": link.target | None}
    return strawberry.field(
        resolver=resolve,
        description=_description(link),
        extensions=requires(*link.scopes),
        metadata=_metadata(link, resolve_level),
    )


def _list_link(link: Link) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        page = await _linked_page(info.context, link, root.ref, PageRequest(MAX_LIST_SIZE))
        return _nodes(link, page)

    async def resolve_level(info: Info, parents: Sequence[Node], without: frozenset[str] = _NOTHING) -> list[Any]:
        pages = await _linked_pages(info.context, link, parents, PageRequest(MAX_LIST_SIZE, without=without))
        return _of_each(pages, lambda page: _nodes(link, page))

    resolve.__annotations__ = {"root": link.source, "info": Info, "return": list[link.target] | None}  # type: ignore[name-defined]
    description = f"{_description(link)} At most {MAX_LIST_SIZE} rows."
    return strawberry.field(
        resolver=resolve,
        description=description,
        directives=[SHORT_LIST_SIZE],
        extensions=requires(*link.scopes),
        metadata=_metadata(link, resolve_level),
    )


def _metadata(link: Link, resolve_level: ResolveLevel) -> dict[str, Any]:
    """Return what the executor knows of the field: it reads nothing of the source but its reference."""
    return {LEVEL: resolve_level, TARGET: link.target, READS: ()}


def _connection_link(link: Link, listing: Listing) -> Any:
    async def resolve(
        root: Any, info: Info, first: Any, after: Any, last: Any, before: Any, filter: Any, order_by: Any
    ) -> Any:
        page = {"first": first, "after": after, "last": last, "before": before}
        request = page_request(info.context, link.target, order_by, filter, **page)
        found = await _linked_page(info.context, link, root.ref, request)
        return _connection(info.context, link, request, root.ref, found)

    async def resolve_level(
        info: Info, parents: Sequence[Node], *, without: frozenset[str] = _NOTHING, **arguments: Any
    ) -> list[Any]:
        request = replace(page_request(info.context, link.target, **arguments), without=without)
        pages = await _linked_pages(info.context, link, parents, request)
        by_ref = {parent.ref: page for parent, page in zip(parents, pages, strict=True)}
        found = {ref: _connection(info.context, link, request, ref, page) for ref, page in by_ref.items()}
        return [found[parent.ref] for parent in parents]

    description = _description(link)
    field = connection_field(resolve, listing, description, link.scopes, nullable=True, source=link.source)
    field.metadata = _metadata(link, resolve_level)
    return field


def _connection(context: Context, link: Link, request: PageRequest, ref: Ref, page: RowPage) -> Connection[Any]:
    return connection(link.target, page, request, lambda: _link_count(context, link, ref, request))


def _description(link: Link) -> str:
    return f"{link.description} {requirement(*link.scopes)}" if link.scopes else link.description


def _nodes(link: Link, page: RowPage) -> list[Node]:
    return [node for node in nodes_from_rows(link.target, page.rows, page.read_by) if node is not None]


def _of_each(pages: Sequence[RowPage], make: Callable[[RowPage], Any]) -> list[Any]:
    """Return what ``make`` makes of each page; it is called once for those that are the same."""
    made = {id(page): make(page) for page in {id(page): page for page in pages}.values()}
    return [made[id(page)] for page in pages]


async def _linked_pages(
    context: Context, link: Link, parents: Sequence[Node], request: PageRequest
) -> Sequence[RowPage]:
    """Return the page of each parent of a level."""
    async with context.read() as db:
        values = _known_values(link, parents, db)
        if values is None:
            refs = [parent.ref for parent in parents]
            by_ref = await links.linked(db, context.viewer, list(dict.fromkeys(refs)), link.entity_link, request)
            return [by_ref.get(ref, _EMPTY) for ref in refs]
        wanted = [value for value in dict.fromkeys(values) if value is not None]
        by_value = await links.linked_by_value(db, context.viewer, wanted, link.entity_link, request)
        return [by_value.get(value, _EMPTY) for value in values]


def _known_values(link: Link, parents: Sequence[Node], db: AsyncConnection) -> list[Any] | None:
    """Return the value of the link's key in each parent's row, null where the viewer may not follow it.

    None if a parent was not read in this snapshot, such as a stub: then its row is looked up, so that the link starts
    from a row that the viewer may see.
    """
    value_of = links.followed_value(link.source.entity, link.keys[0]) if len(link.keys) == 1 else None
    if value_of is None or any(parent.read_by is not db for parent in parents):
        return None
    return [value_of(parent.row_read) for parent in parents if parent.row_read is not None]


async def _linked_page(context: Context, link: Link, ref: Ref, request: PageRequest) -> RowPage:
    find = partial(links.linked, link=link.entity_link, request=request)
    return await context.load(("link", link.source, link.field, request), find, ref) or _EMPTY


async def _link_count(context: Context, link: Link, ref: Ref, request: PageRequest) -> int:
    find = partial(links.linked_counts, link=link.entity_link, where=request.where)
    return await context.load(("count", link.source, link.field, request.where), find, ref) or 0
