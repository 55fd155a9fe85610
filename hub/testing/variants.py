"""Raw items with one value replaced, at every depth, as a faulty system may send them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

from hub.connectors.base import Connector
from hub.schema import payments, procurement, reports
from hub.schema.licensing.businesses import Business
from hub.schema.licensing.permits import Permit
from hub.schema.nodes import Node
from hub.schema.records import SystemRecord
from hub.store.ingest.rows import Row

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, -(2**63), float("nan"), float("inf")),
    *([], [1], [None, [{}]], {}, {"a": ["b"]}, {"name": {"name": None}}),
    *("", "?", " ", "0", "9" * 400, "x" * 100_001, "a\0b", "a\ud800b", "\u0301" * 3_000, "<" * 3_000),
    *("0001-01-01 00:00:00", "31-12-9999 23:59:59", "0001-01-01T00:00:00+07:00", "{", '{"a": "\\ud800"}'),
)


def variants(node: Any) -> Iterator[Any]:
    """Yield ``node`` with one value missing or replaced: each value in turn, in objects and lists."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield {key: kept for key, kept in node.items() if key != name}
            yield from (node | {name: other} for other in (*VALUES, *variants(value)))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield [*node[:place], *node[place + 1 :]]
            yield from ([*node[:place], other, *node[place + 1 :]] for other in (*VALUES, *variants(value)))


def node_of(connector: type[Connector], kind: str) -> type[Node] | None:
    """Return the type of a kind in the graph; None if the graph does not show it."""
    core: dict[str, type[Node]] = {
        "report": reports.CentralReport,
        "payment": payments.Payment,
        "order": procurement.ProcurementOrder,
        "permit": Permit,
        "business": Business,
    }
    where = f"{connector.__module__.rpartition('.')[0]}.types"
    if kind in core or importlib.util.find_spec(where) is None:
        return core.get(kind)
    owned = importlib.import_module(where).part.owned_types
    return next((node for node in owned if issubclass(node, SystemRecord)), None)


def as_read(connector: type[Connector], row: Row) -> dict[str, Any]:
    """Return ``row`` as a list reads it from the store."""
    record = row.record
    columns = {name: getattr(record, name) for name in ("status", "secret", "occurred_at", "updated_at")}
    columns["told"] = record.source_status
    place = {"_system": connector.name, "_ref": record.external_id, "as_of": record.updated_at}
    return (
        columns | place | {"body": row.body, "prose": row.prose, "amount": record.amount, "currency": record.currency}
    )
