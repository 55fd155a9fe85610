"""Quarantine as operators see it: grouped by cause, each item with the field that is wrong, and what a replay gives.

The content of an item is shown to those alone who could see its record however it reads: it may be a secret one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.arrays import any_of
from hub.store.ingest.quarantine import ENTRY_COLUMNS, QuarantineEntry
from hub.store.queries import record_visibility, visibility
from hub.store.tables import quarantine
from hub.viewer import OFFICERS, PUBLIC, Viewer, ViewerKind

MAX_ITEMS = 500
"""How many items of a group one act takes."""
REPORTS = "reports:read"
_SCOPES = {
    "report": REPORTS,
    "payment": record_visibility.PAYMENTS,
    "permit": record_visibility.LICENSING,
    "business": record_visibility.LICENSING,
}
"""The scope without which records of a kind are not visible."""
_FIELD = re.compile(r"(?:the )?([A-Za-z_][\w.\[\]-]*)")

_key: ColumnElement[str] = func.substr(
    func.encode(
        func.sha256(
            func.convert_to(
                func.concat_ws(
                    "\x1f", quarantine.c.system, quarantine.c.reason, func.coalesce(quarantine.c.connector_version, "")
                ),
                "UTF8",
            )
        ),
        "hex",
    ),
    1,
    16,
)
_OPEN = quarantine.c.state == "OPEN"


@dataclass(frozen=True, slots=True)
class QuarantineGroup:
    """The open items of a system with one reason, as found by one version of its connector."""

    key: str
    system: str
    reason: str
    connector_version: str | None
    count: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What a replay of an item gave, or would give: its record, or the ``reason`` why it is still invalid.

    ``body`` are the facts of the record without free text; a real replay has none.
    """

    id: int
    accepted: bool
    reason: str | None = None
    kind: str | None = None
    external_id: str | None = None
    status: str | None = None
    body: dict[str, Any] | None = field(default=None, repr=False)


async def groups(db: AsyncConnection) -> list[QuarantineGroup]:
    """Return the groups of open items, the largest first."""
    c = quarantine.c
    number = func.count()
    statement = (
        select(_key, c.system, c.reason, c.connector_version, number, func.min(c.first_at), func.max(c.last_at))
        .where(_OPEN)
        .group_by(c.system, c.reason, c.connector_version)
        .order_by(number.desc(), c.system, c.reason)
    )
    return [QuarantineGroup(*row) for row in await db.execute(statement)]


async def items(
    db: AsyncConnection,
    *,
    ids: Sequence[int] | None = None,
    group: str | None = None,
    system: str | None = None,
    after: int | None = None,
    before: int | None = None,
    limit: int = MAX_ITEMS,
) -> list[QuarantineEntry]:
    """Return open items, those with the greatest ids first.

    ``after`` is the id of the last item of the page before; items up to ``before`` are left out.
    """
    c = quarantine.c
    statement = select(*ENTRY_COLUMNS).where(_OPEN).order_by(c.id.desc()).limit(limit)
    if ids is not None:
        statement = statement.where(any_of(c.id, ids))
    if group is not None:
        statement = statement.where(_key == group)
    if system is not None:
        statement = statement.where(c.system == system)
    if after is not None:
        statement = statement.where(c.id < after)
    if before is not None:
        statement = statement.where(c.id > before)
    return [QuarantineEntry(*row) for row in await db.execute(statement)]


async def last_id(db: AsyncConnection) -> int:
    """Return the greatest id of an item; 0 without one."""
    return await db.scalar(select(func.max(quarantine.c.id))) or 0


async def content_visible(db: AsyncConnection, viewer: Viewer, kinds: dict[str, frozenset[str]]) -> frozenset[str]:
    """Return the systems whose items ``viewer`` may see with their content; ``kinds`` are those of each system."""
    rows = await db.execute(text("select name, visible_to from systems"))
    return frozenset(row.name for row in rows if _may_see(viewer, row.name, row.visible_to, kinds.get(row.name)))


def _may_see(viewer: Viewer, system: str, visible_to: str | None, kinds: Collection[str] | None) -> bool:
    if viewer.kind is ViewerKind.WORKER:
        return True
    if kinds is None or not visibility.may_know_reporters(viewer) or viewer.agency:
        return False
    opened = visible_to in (PUBLIC, OFFICERS) or (visible_to is not None and viewer.may(visible_to))
    return (opened or viewer.may(f"{visibility.SYNC}{system}")) and all(
        viewer.may(_SCOPES[kind]) for kind in kinds if kind in _SCOPES
    )


def wrong_field(entry: QuarantineEntry) -> tuple[str | None, Any]:
    """Return the path of the field that the reason is about, with its value; None where the reason names none."""
    named = _FIELD.match(entry.reason)
    if named is None:
        return None, None
    path = named[1].rstrip(".")
    value: Any = entry.raw
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return (path if "." in path else None), None
        value = value[name]
    return path, value
