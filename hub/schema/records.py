"""What every record of an outside system shows, whatever its kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from hub.schema.nodes import Node
from hub.store.reading.entity import Row


@strawberry.interface(description="The hub's copy of one thing an outside system knows.")
class SystemRecord(Node):
    """Base of the kinds of record."""

    as_of: datetime = strawberry.field(
        description="How old this copy is: up to this instant it is what the system says."
    )
    status_told: str = strawberry.field(description="The status in the system's own word.")
    updated_at: datetime = strawberry.field(description="When it last changed there.")


def common(node: type[SystemRecord], row: Row) -> dict[str, Any]:
    """The fields of ``SystemRecord`` as a row tells them."""
    return {
        "id": node.row_id(row),
        "as_of": row["as_of"],
        "status_told": row["told"],
        "updated_at": row["updated_at"],
    }
