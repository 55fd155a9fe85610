"""The audit trail: its types and its query, which records each read as an event."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry
from strawberry.scalars import JSON

from hub.schema.arguments import After, Before, First, Last, PageArguments
from hub.schema.authorization import requires
from hub.schema.context import Info
from hub.schema.cost import CONNECTION_SIZE
from hub.schema.nodes import PageInfo
from hub.store import audit
from hub.store.queries import pagination
from hub.store.queries.entity import Row


@strawberry.type(
    description="An action in the audit trail: who did what, when and from where. It contains no personal data."
)
class AuditEvent:
    """A row of ``audit_events``."""

    at: datetime = strawberry.field(description="When the action happened.")
    action: str = strawberry.field(
        description="The action, such as `users:set-scopes` or `secret:read`; new values may be added."
    )
    subject: str | None = strawberry.field(
        description="The object of the action, such as `user:u_1` or `complaint:LG-2026-000123`. Null if it has none."
    )
    refused: bool = strawberry.field(description="Whether the action was attempted and denied.")
    actor: str = strawberry.field(description="Who acted: the id of an account or client, an operator, or `worker`.")
    client: str | None = strawberry.field(
        description="The id of the OAuth client that sent the request; null if no client did."
    )
    network: str | None = strawberry.field(
        description="The network of the caller: the /24 (IPv4) or /48 (IPv6) of the address. Null if unknown."
    )
    request_id: str = strawberry.field(description="The id of the request or of the worker's run that caused it.")
    details: JSON = strawberry.field(description="Further details as a JSON object, such as the granted scopes.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the event of a row of ``audit_events``."""
        names = ("at", "action", "subject", "refused", "actor", "client", "network", "request_id")
        return cls(**{name: row[name] for name in names}, details=JSON(row["details"]))


@strawberry.type(description="An event of the audit trail with its cursor.")
class AuditEventEdge:
    """An edge as in Relay's specification of connections."""

    node: AuditEvent = strawberry.field(description="The event.")
    cursor: str = strawberry.field(description="The cursor of the event; pass it as `after` or `before`.")


@strawberry.type(description="A page of the audit trail.")
class AuditEventConnection:
    """A connection as in Relay's specification."""

    edges: list[AuditEventEdge] = strawberry.field(description="The events of the page with their cursors.")
    page_info: PageInfo = strawberry.field(description="The position of the page in the list.")

    @strawberry.field(description="The events of the page without their cursors.")
    def nodes(self) -> list[AuditEvent]:
        """Return the nodes of ``edges``."""
        return [edge.node for edge in self.edges]


@strawberry.input(
    description="Conditions on audit events. An event must meet all conditions; within one condition any value matches."
)
class AuditEventFilter:
    """Conditions; each is named like a filter of the entity."""

    action: list[str] | None = strawberry.field(default=None, description="Actions; new values may be added.")
    actor: list[str] | None = strawberry.field(default=None, description="Ids of actors.")
    subject: list[str] | None = strawberry.field(default=None, description="Objects of actions, such as `user:u_1`.")
    client: list[str] | None = strawberry.field(default=None, description="Ids of OAuth clients.")
    request_id: list[str] | None = strawberry.field(default=None, description="Ids of requests.")
    refused: bool | None = strawberry.field(default=None, description="Whether the action was denied.")
    from_: datetime | None = strawberry.field(default=None, name="from", description="At this time or later.")
    to: datetime | None = strawberry.field(default=None, description="Before this time.")


@strawberry.enum(description="Sort orders of audit events.")
class AuditEventOrderBy(Enum):
    """Sort orders; each value is the name of an order of the entity."""

    AT_DESC = strawberry.enum_value("AT_DESC", description="Latest first.")
    AT_ASC = strawberry.enum_value("AT_ASC", description="Earliest first.")


class Query:
    """The query of the audit trail."""

    @strawberry.field(
        description="The audit trail, latest first. Each read of it is recorded as an event. Requires the scope"
        " hub:audit.",
        directives=[CONNECTION_SIZE],
        extensions=requires(audit.AUDIT),
    )
    async def audit_events(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            AuditEventFilter | None,
            strawberry.argument(description="Return only events that match; all events by default."),
        ] = None,
        order_by: Annotated[
            AuditEventOrderBy, strawberry.argument(description="The sort order.")
        ] = AuditEventOrderBy.AT_DESC,
    ) -> AuditEventConnection | None:
        """Read a page and record the read in one transaction."""
        part = PageArguments(first, after, last, before).request(audit.AUDIT_EVENT, order_by, filter)
        context = info.context
        async with context.database.write(context.cause("audit:read")) as db:
            rows = await pagination.page(db, audit.AUDIT_EVENT, context.viewer, part)
            await audit.record(db, "audit:read", conditions=[f"{name}={value}" for name, value in part.where])
        edges = [
            AuditEventEdge(node=AuditEvent.from_row(row), cursor=rows.cursor(index))
            for index, row in enumerate(rows.rows)
        ]
        return AuditEventConnection(edges=edges, page_info=PageInfo.of(rows, part))
