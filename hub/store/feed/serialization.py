"""Serializes facts for feed and snapshots: by the names of the GraphQL schema, redacted by decision 0004."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.dialects.postgresql import JSONB

Facts = Mapping[str, Any]

MINIMAL_FIELDS = (
    *("ticket", "status", "secret", "received_at", "verified_at", "answered_at", "closed_at", "due_at"),
    "due_estimated",
)
"""What a partner sees of a secret complaint it submitted."""

_INTERNAL = frozenset({"submitted_by", "citizen_id", "reporter_id"})
"""Facts of a complaint that may identify a citizen's account."""

_NAMES = {
    "": {
        "told": "sourceStatus",
        "agency_code": "agency.code",
        "area_code": "area.code",
    },
    "log": {"from": "fromInstitution", "to": "toInstitution", "attachments": "attachmentCount"},
    "complaint": {"latitude": "location.latitude", "longitude": "location.longitude"},
    "report": {"occurred_at": "reportedAt", "notes": "log.note", "followups": "followUpCount"},
    "payment": {
        "occurred_at": "paidAt",
        "paid_for": "purpose",
        "amount": "amount.amount",
        "currency": "amount.currency",
    },
    "order": {
        "occurred_at": "orderedAt",
        "amount": "value.amount",
        "currency": "value.currency",
        "supplier": "supplier.name",
        "supplier_city": "supplier.city",
    },
    "permit": {"occurred_at": "statusSince"},
    "business": {"occurred_at": "registeredAt"},
}
"""Facts with another name in the graph, by kind, and for any kind; a dot leads to a field of a field."""

_UNKNOWN = {
    "report": {"amount", "attachments", "currency"},
    "order": {"supplier_key"},
    "permit": {"amount", "currency"},
    "business": {"amount", "currency"},
}
"""Facts without a field in the graph."""

EXTRA_FIELDS = frozenset({"goneAt", "keys", "secret"})
"""Facts of every record that readers need, though the type of some records has no field for them."""


def with_exact_amount(facts: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return ``facts`` with the amount as text: readers parse a JSON number as an inexact float."""
    amount = func.jsonb_build_object("amount", func.jsonb_extract_path_text(facts, "amount"))
    return case((func.jsonb_exists(facts, "amount"), func.jsonb_concat(facts, amount)), else_=facts).cast(JSONB)


def serialize(facts: Facts | None, kind: str, *, minimal: bool = False) -> Facts | None:
    """Return ``facts`` by their names in the graph for ``kind``."""
    if facts is None:
        return None
    return {_name(name, kind): _value(value) for name, value in facts.items() if _is_included(name, kind, minimal)}


def serialize_names(fields: Iterable[str], kind: str, *, minimal: bool = False) -> list[str]:
    """Return the names of facts in the graph."""
    return [_name(name, kind) for name in fields if _is_included(name, kind, minimal)]


def _value(value: Any) -> Any:
    """Return a value; the rows of a list, such as a report's log, get the names of the graph as well."""
    if not isinstance(value, list):
        return value
    return [{_name(name, "log"): each for name, each in row.items()} if isinstance(row, dict) else row for row in value]


def _is_included(name: str, kind: str, minimal: bool) -> bool:
    return name in MINIMAL_FIELDS if minimal else name not in _INTERNAL and name not in _UNKNOWN.get(kind, ())


def _name(name: str, kind: str) -> str:
    first, *rest = (_NAMES.get(kind, {}).get(name) or _NAMES[""].get(name, name)).split("_")
    return first + "".join(word.title() for word in rest)
