"""The fields that all records of external systems share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from hub.schema.nodes import Node, row_ref
from hub.store.queries.entity import Row


@strawberry.interface(description="The hub's copy of a record of an external system.")
class SystemRecord(Node):
    """Base of the types of all kinds of record."""

    as_of: datetime = strawberry.field(description="The time up to which the copy matches the system.")
    source_status: str = strawberry.field(
        description="The status exactly as the system sends it; the values are defined by the system."
    )
    updated_at: datetime = strawberry.field(description="When the record last changed in its system.")


COLUMNS: dict[str, tuple[str, ...]] = {"source_status": ("told",)}
"""Node.columns of the types whose other fields read the facts, which are always there."""


def prose_of(row: Row) -> Mapping[str, Any]:
    """Return the free text of a record; each text is null if no selected field reads any."""
    prose: Mapping[str, Any] | None = row["prose"]
    return defaultdict(lambda: None) if prose is None else prose


def common(row: Row) -> dict[str, Any]:
    """Return the values of the fields of ``SystemRecord`` from a row."""
    return {
        "ref": row_ref(row),
        "as_of": row["as_of"],
        "source_status": row["told"],
        "updated_at": row["updated_at"],
    }
