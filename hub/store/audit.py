"""The audit trail: who did what, to what, when and from where. Rows are only added, until they expire.

A row is written in the transaction of the action it records, and takes actor, client, network and request id from the
``Cause`` of that transaction. It has the ids of accounts and clients and the tickets of complaints, but no personal
data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    String,
    cast,
    delete,
    false,
    func,
    literal,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.database import DURABLE, Cause, Database, execute
from hub.store.queries.entity import Entity, Sort, one_of
from hub.store.tables.oauth import audit_events
from hub.viewer import Viewer

AUDIT = "hub:audit"
"""The scope to read the audit trail."""

READ_SECRET = "secret:read"  # noqa: S105 - the name of an action
"""The action of reading the text of a secret complaint or report, or a file of one."""

Detail = str | int | bool | None | list[str]


_RECORD = """
insert into audit_events (action, subject, refused, details)
select %(action)s, subject, %(refused)s, %(details)s from unnest(%(subjects)s::text[]) subject
"""


async def record(
    db: AsyncConnection,
    action: str,
    subject: str | Iterable[str] | None = None,
    *,
    refused: bool = False,
    **details: Detail,
) -> None:
    """Add one row for each ``subject``, such as ``user:u_1`` or ``complaint:LG-2026-000123``, in one statement.

    ``action`` is a name such as ``users:suspend`` or ``sign-in``; ``refused``: it was attempted and denied.
    ``details`` are further names and numbers, such as ``scopes``.
    """
    subjects = [subject] if subject is None or isinstance(subject, str) else list(subject)
    if subjects:
        row = {"action": action, "subjects": subjects, "refused": refused, "details": Jsonb(details)}
        await execute(db, _RECORD, row)


async def record_reads(database: Database, cause: Cause, action: str, subjects: Iterable[str]) -> None:
    """Add one row for each ``subject`` that is read, in a transaction of their own; return when they are durable."""
    await database.grouped_writes.write(_RECORD_READS, [read_row(cause, action, subject, {}) for subject in subjects])


def read_row(cause: Cause, action: str, subject: str, details: Mapping[str, Detail]) -> dict[str, Any]:
    """Return the row of a read for ``READ_COLUMNS``."""
    by = {"actor": cause.actor, "client": cause.client, "network": cause.network, "request_id": cause.correlation}
    return {"action": action, "subject": subject, "details": details, **by}


READ_COLUMNS = "action text, subject text, details jsonb, actor text, client text, network text, request_id text"
"""The columns of rows from ``read_row`` in a statement."""

ADD_READS = """
insert into audit_events (action, subject, details, actor, client, network, request_id)
select action, subject, details, actor, nullif(client, ''), nullif(network, ''), request_id
"""
"""Adds rows with ``READ_COLUMNS`` to the trail."""

_RECORD_READS = f"{DURABLE} {ADD_READS} from durable, jsonb_to_recordset(%(rows)s) as r({READ_COLUMNS})"


async def expire(db: AsyncConnection, retention: timedelta) -> int:
    """Delete rows older than ``retention``, and record and return how many."""
    old: CursorResult[object] = await db.execute(delete(audit_events).where(audit_events.c.at < func.now() - retention))
    if old.rowcount:
        await record(db, "audit:expire", rows=old.rowcount)
    return old.rowcount


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the visible rows: all for a viewer with the scope, none for others."""
    return true() if viewer.may(AUDIT) else false()


AUDIT_EVENT = Entity(
    name="AuditEvent",
    table=audit_events,
    id=audit_events.c.id,
    system=literal("hub", String),
    ref=cast(audit_events.c.id, String),
    base=true(),
    visible=visible,
    orders={
        "AT_DESC": Sort(audit_events.c.at, audit_events.c.id),
        "AT_ASC": Sort(audit_events.c.at, audit_events.c.id, descending=False),
    },
    filters={
        "action": one_of(audit_events.c.action),
        "actor": one_of(audit_events.c.actor),
        "subject": one_of(audit_events.c.subject),
        "client": one_of(audit_events.c.client),
        "request_id": one_of(audit_events.c.request_id),
        "refused": audit_events.c.refused.is_,
        "from_": lambda at: audit_events.c.at >= at,
        "to": lambda at: audit_events.c.at < at,
    },
)
