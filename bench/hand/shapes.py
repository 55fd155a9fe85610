"""The answer's parts, each made of a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
Part = dict[str, Any]


def grouped(rows: Iterable[Row], by: str, shape: Callable[[Row], Part]) -> dict[Any, list[Part]]:
    """Return the parts of ``rows`` by one column."""
    found: dict[Any, list[Part]] = defaultdict(list)
    for row in rows:
        found[row[by]].append(shape(row))
    return found


def complaint(row: Row) -> Part:
    """Return the fields of a complaint that are its own."""
    return {
        "ticket": row["ticket"],
        "title": row["title"],
        "status": row["status"],
        "channel": row["channel"],
        "receivedAt": row["received_at"],
        "dueAt": row["due_at"],
        "overdue": row["overdue"],
        "secret": row["secret"],
    }


def money(row: Row) -> Part | None:
    """Return an amount with its currency."""
    return None if row["amount"] is None else {"amount": row["amount"], "currency": row["currency"] or "IDR"}


def payment(row: Row) -> Part:
    """Return a payment."""
    return {
        "reference": row["reference"],
        "amount": money(row),
        "paidAt": row["paid_at"],
        "merchant": row["merchant"],
        "corridor": row["corridor"],
        "status": row["status"],
        "asOf": row["as_of"],
    }


def report(row: Row) -> Part:
    """Return a report at the national system."""
    return {
        "trackingId": row["tracking_id"],
        "status": row["status"],
        "disposition": row["disposition"],
        "asOf": row["as_of"],
    }


def order(row: Row) -> Part:
    """Return the edge of a procurement order."""
    supplier = {"name": row["supplier"]}
    node = {"orderId": row["order_id"], "value": money(row), "status": row["status"], "supplier": supplier}
    return {"node": {**node, "asOf": row["as_of"]}}


def head(row: Row) -> Part | None:
    """Return the head of an agency."""
    return None if row["head_name"] is None else {"name": row["head_name"], "phone": row["head_phone"]}


def system(row: Row) -> Part:
    """Return the state of a system."""
    return {
        "name": row["name"],
        "title": row["title"],
        "state": row["state"],
        "asOf": row["synced_at"],
        "downSince": row["down_since"],
        "lagSeconds": row["lag"],
        "recordCount": row["records"],
        "quarantinedCount": row["quarantined"],
    }
