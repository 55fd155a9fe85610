"""Lookups of single nodes. All lookups of one level of a query become one SQL statement per type and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.schema.context import Context
from hub.schema.nodes import Node, NodeT, node_from_row, nodes_from_rows
from hub.store.queries import lookup
from hub.store.queries.entities import HUB
from hub.store.queries.entity import Row
from hub.store.queries.lookup import Ref
from hub.viewer import Viewer


async def load_nodes(context: Context, node: type[Node], refs: Iterable[Ref]) -> list[Node | None]:
    """Return the nodes with the references ``refs``, None for each that does not exist or is not visible."""
    requested = list(refs)
    if len(requested) == 1:
        return [await _load_node(context, node, requested[0])]
    async with context.read() as db:
        rows = await lookup.by_refs(db, node.entity, context.viewer, list(dict.fromkeys(requested)))
    nodes = dict(zip(rows, nodes_from_rows(node, rows.values(), db), strict=True))
    return [nodes.get(ref) for ref in requested]


async def load_hub_node(context: Context, node: type[NodeT], name: str) -> NodeT | None:
    """Return the node ``name`` of the hub itself, such as a complaint; None if it does not exist or is not visible."""
    return await _load_node(context, node, (HUB, name))


async def _load_node(context: Context, node: type[NodeT], ref: Ref) -> NodeT | None:
    """Load the node with the same SQL statement as the nodes of other fields of the level."""

    async def find(db: AsyncConnection, viewer: Viewer, refs: list[Ref]) -> Mapping[Ref, Row]:
        return await lookup.by_refs(db, node.entity, viewer, refs)

    row = await context.load(("refs", node), find, ref)
    return None if row is None else node_from_row(node, row)


async def load_node_by_key(context: Context, node: type[NodeT], key: str, value: str) -> NodeT | None:
    """Return the latest node whose key ``key`` has this ``value``; None if none is visible."""

    async def find(db: AsyncConnection, viewer: Viewer, values: list[str]) -> Mapping[str, Row]:
        return await lookup.by_key(db, node.entity, viewer, key, values)

    row = await context.load(("key", node, key), find, value)
    return None if row is None else node_from_row(node, row)
