"""Connections: lists with pages and cursors, built from a ``Listing``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Any

import strawberry

from hub.schema.arguments import After, Before, First, Last, PageArguments, check_filter
from hub.schema.authorization import requires
from hub.schema.context import Context, Info
from hub.schema.cost import CONNECTION_SIZE
from hub.schema.levels import LEVEL, TARGET
from hub.schema.nodes import Connection, Edge, Node, nodes_from_rows
from hub.store.queries import pagination
from hub.store.queries.pagination import PageRequest, RowPage


@dataclass(frozen=True)
class Listing:
    """The list of a type: its filter input and its enum of sort orders, whose values name the entity's orders."""

    node: type[Node]
    filter: type
    order: type[Enum]


def list_field(listing: Listing, description: str, *scopes: str) -> Any:
    """Return a root field that lists a type.

    The field is nullable if it requires ``scopes``, or if its filter has conditions that require scopes.
    """

    async def resolve(info: Info, first: Any, after: Any, last: Any, before: Any, filter: Any, order_by: Any) -> Any:
        page = {"first": first, "after": after, "last": last, "before": before}
        request = page_request(info.context, listing.node, order_by, filter, **page)
        return await load_page(info.context, listing.node, request)

    async def resolve_level(
        info: Info, roots: Sequence[Any], *, without: frozenset[str] = frozenset(), **arguments: Any
    ) -> list[Any]:
        request = replace(page_request(info.context, listing.node, **arguments), without=without)
        return [await load_page(info.context, listing.node, request) for _ in roots]

    nullable = bool(scopes or getattr(listing.filter, "required_scopes", None))
    field = connection_field(resolve, listing, description, scopes, nullable=nullable)
    field.metadata = {LEVEL: resolve_level, TARGET: listing.node}
    return field


def page_request(context: Context, node: type[Node], order_by: Enum, filter: Any = None, **page: Any) -> PageRequest:
    """Return the request that the arguments of a connection describe."""
    check_filter(context, filter)
    return PageArguments(**page).request(node.entity, order_by, filter)


def connection_field(
    resolve: Any,
    listing: Listing,
    description: str,
    scopes: tuple[str, ...],
    *,
    nullable: bool,
    source: type | None = None,
) -> Any:
    """Return a field that resolves to a connection; sets the annotations and defaults of ``resolve`` for ``listing``.

    ``source`` is the type of the resolver's first argument ``root``; a root field has none.
    """
    default = next(iter(listing.order))
    result: Any = Connection[listing.node]  # type: ignore[name-defined]
    resolve.__annotations__ = {
        **({"root": source} if source else {}),
        "info": Info,
        "first": First,
        "after": After,
        "last": Last,
        "before": Before,
        "filter": Annotated[
            listing.filter | None, strawberry.argument(description="Return only rows that match; all rows by default.")
        ],
        "order_by": Annotated[listing.order, strawberry.argument(description="The sort order.")],
        "return": result | None if nullable else result,
    }
    resolve.__defaults__ = (None, None, None, None, None, default)
    return strawberry.field(
        resolver=resolve, description=description, directives=[CONNECTION_SIZE], extensions=requires(*scopes)
    )


async def load_page(context: Context, node: type[Node], request: PageRequest) -> Connection[Any]:
    """Return a page of all nodes of a type that are visible to the viewer."""

    async def count() -> int:
        async with context.read() as db:
            return await pagination.count(db, node.entity, context.viewer, request.where)

    async with context.read() as db:
        page = await pagination.page(db, node.entity, context.viewer, request)
    return connection(node, page, request, lambda: context.memoize(("count", node, request.where), count))


def connection(node: type[Node], page: RowPage, request: PageRequest, count_rows: Callable[[], Any]) -> Connection[Any]:
    """Return a page of rows as a connection; ``count_rows`` is called only if a count is selected."""
    nodes = nodes_from_rows(node, page.rows, page.read_by)
    edges = [Edge(node=each, page=page, index=index) for index, each in enumerate(nodes) if each is not None]
    return Connection(edges=edges, page=page, request=request, count_rows=count_rows)
