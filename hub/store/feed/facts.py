"""What a reader of the feed or of a snapshot is told: facts by the names the graph has for them, and no more of them
than decision 7 allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.dialects.postgresql import JSONB

Facts = Mapping[str, Any]

BARE = (
    *("ticket", "status", "secret", "received_at", "verified_at", "answered_at", "closed_at", "due_at"),
    "due_estimated",
)
"""What a partner is told of a secret complaint it brought."""

_NEVER = frozenset({"submitted_by", "citizen_id", "reporter_id"})
"""Facts of a complaint that may name a citizen's account."""

_NAMES = {"told": "statusTold", "from": "fromInstitution", "to": "toInstitution"}
"""Facts that the graph has another name for."""


def exact(facts: ColumnElement[Any]) -> ColumnElement[Any]:
    """``facts`` with the amount as text: a number in JSON is read as one that is nearly the same."""
    told = func.jsonb_build_object("amount", func.jsonb_extract_path_text(facts, "amount"))
    return case((func.jsonb_exists(facts, "amount"), func.jsonb_concat(facts, told)), else_=facts).cast(JSONB)


def told(facts: Facts | None, *, bare: bool = False) -> Facts | None:
    """``facts`` by the graph's names."""
    if facts is None:
        return None
    return {_name(name): _value(value) for name, value in facts.items() if _is_told(name, bare)}


def names(fields: list[str], *, bare: bool = False) -> list[str]:
    """The same of the names of facts."""
    return [_name(name) for name in fields if _is_told(name, bare)]


def _value(value: Any) -> Any:
    """The rows of a list, such as a report's log, have names too."""
    if not isinstance(value, list):
        return value
    return [{_name(name): each for name, each in row.items()} if isinstance(row, dict) else row for row in value]


def _is_told(name: str, bare: bool) -> bool:
    return name in BARE if bare else name not in _NEVER


def _name(name: str) -> str:
    first, *rest = _NAMES.get(name, name).split("_")
    return first + "".join(word.title() for word in rest)
