"""The feed: every change of complaints and records, for systems that keep their own copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from hub.messages import Bilingual
from hub.schema.arguments import MAX_PAGE_SIZE, BadArgument
from hub.schema.authorization import AUTHENTICATED
from hub.schema.context import Info
from hub.schema.cost import DEFAULT_PAGE_SIZE, FEED_SIZE
from hub.schema.feed_arguments import NOW, check_kinds, check_systems, position_after
from hub.schema.nodes import Node, PageInfo
from hub.schema.systems import find_nodes
from hub.store.feed import changes, cursors, pages
from hub.store.feed.pages import FeedPage, FeedRequest, PositionExpired

_AFTER = (
    f"Return only changes after this cursor. With `{NOW}` the page has no changes, only the cursor from which to"
    " follow later changes. By default the feed begins with the oldest stored change."
)


class CursorExpired(GraphQLError):
    """An expired cursor; the message explains how to continue with a snapshot."""

    def __init__(self, expired: PositionExpired, after: cursors.Positions) -> None:
        snapshot = f"GET /bulk/{expired.system}?after={cursors.encode(after)}"
        sentence = Bilingual(
            f"{expired} Take a snapshot at {snapshot} and go on from the cursor it gives.",
            f"Perubahan di {expired.system} sejak cursor ini tidak lagi tersimpan semua. Ambil salinan di {snapshot}"
            " dan lanjutkan dari cursor yang diberikannya.",
        )
        extensions = {"code": "CURSOR_EXPIRED", "system": expired.system, "snapshot": snapshot}
        super().__init__(sentence, extensions=extensions)


@strawberry.type(
    description="A change of a complaint or record. Keys of `before` and `after` are the names of fields of its type,"
    " such as `status`, or `agency.code` for a nested field. Free text, locations and reporters appear only in"
    " `fields`, without their values."
)
class Change:
    """A row of the history with its position in the feed."""

    system: str = strawberry.field(description="The name of the system of the record; `hub` for complaints.")
    position: int = strawberry.field(
        description="The number of the change in the feed of its system: consecutive, without gaps."
    )
    kind: str = strawberry.field(
        description="The kind of object, such as `complaint` or `payment`; new values may be added."
    )
    subject: str = strawberry.field(description="The ticket of the complaint, or the record's id in its system.")
    fields: list[str] = strawberry.field(description="The names of all changed fields; empty if the object is new.")
    before: JSON | None = strawberry.field(
        description="The old values of the changed fields; null if the object is new or became visible."
    )
    after: JSON | None = strawberry.field(
        description="The new values of the changed fields. All fields if the object is new or became visible; null if"
        " it was deleted or is no longer visible."
    )
    removed: bool = strawberry.field(
        description="Whether the object was removed: deleted, no longer listed by its system, or no longer visible to"
        " the viewer."
    )
    cause: str | None = strawberry.field(
        description="The cause of the change, such as `mutation:assignComplaint`; new values may be added."
    )
    actor: str | None = strawberry.field(
        description="Who made the change; null if that is not disclosed to the viewer."
    )
    request_id: str | None = strawberry.field(
        description="The id of the request or of the worker's run that made the change."
    )
    effective_at: datetime = strawberry.field(description="When the change took effect, according to its system.")
    recorded_at: datetime = strawberry.field(description="When the hub stored the change.")

    @strawberry.field(
        description="The current complaint or record; null if it was removed or is not available through `node`."
    )
    async def node(self, info: Info) -> Node | None:
        """Load the object with one SQL statement per type for all changes of a page."""
        shown: Mapping[str, type[Node]] = info.schema.node_types  # type: ignore[attr-defined]
        for node in shown.values():
            if node.entity.kind == self.kind:
                return (await find_nodes(info, node, [(self.system, self.subject)]))[0]
        return None

    @classmethod
    def from_change(cls, change: changes.Change) -> Self:
        """Return the change for a change of the store."""
        return cls(
            system=change.system,
            position=change.position,
            kind=change.kind,
            subject=change.subject,
            fields=change.fields,
            before=None if change.before is None else JSON(change.before),
            after=None if change.after is None else JSON(change.after),
            removed=change.removed,
            cause=change.cause,
            actor=change.actor,
            request_id=change.correlation,
            effective_at=change.effective_at,
            recorded_at=change.recorded_at,
        )


@strawberry.type(description="A change in the feed with its cursor.")
class ChangeEdge:
    """An edge as in Relay's specification of connections."""

    node: Change = strawberry.field(description="The change.")
    cursor: str = strawberry.field(
        description="The cursor of the change; pass it as `after` to continue after this change."
    )


@strawberry.type(
    description="A page of the feed. It may have fewer changes than requested, even none, while `hasNextPage` is true."
    " `endCursor` is never null: pass it as `after` to continue, also later when new changes may exist."
)
class ChangeConnection:
    """A connection as in Relay's specification."""

    edges: list[ChangeEdge] = strawberry.field(
        description="The changes with their cursors, in the order of the feed for each system."
    )
    page_info: PageInfo = strawberry.field(description="The position of the page in the feed.")

    @strawberry.field(description="The changes without their cursors.")
    def nodes(self) -> list[Change]:
        """Return the nodes of ``edges``."""
        return [edge.node for edge in self.edges]

    @classmethod
    def from_page(cls, page: FeedPage, *, begun: bool) -> Self:
        """Return the connection of a page; ``begun`` is True if the page began at a cursor."""
        pairs = zip(page.changes, page.cursors, strict=True)
        info = PageInfo(
            has_next_page=page.more,
            has_previous_page=begun,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.end,
        )
        return cls(
            edges=[ChangeEdge(node=Change.from_change(each), cursor=cursor) for each, cursor in pairs], page_info=info
        )


class Query:
    """The query of the feed."""

    @strawberry.field(
        description="The feed of changes: every change once, in order. Requires the scope complaints:read for changes"
        " of `hub`, and records:sync.<system> for changes of a system. Changes of other systems are omitted; naming"
        " such a system in `systems` is an error. A cursor that is too old fails with CURSOR_EXPIRED: then take a"
        " snapshot with GET /bulk/{system}?after={cursor}, which also returns a new cursor.",
        directives=[FEED_SIZE, AUTHENTICATED],
    )
    async def changes(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description=f"The maximum number of changes, 1 to {MAX_PAGE_SIZE}.")
        ] = DEFAULT_PAGE_SIZE,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = None,
        kinds: Annotated[
            list[str] | None,
            strawberry.argument(
                description="Return only changes of these kinds, such as `complaint` or `payment`; all by default."
                " New values may be added."
            ),
        ] = None,
        systems: Annotated[
            list[str] | None, strawberry.argument(description="Return only changes of these systems; all by default.")
        ] = None,
    ) -> ChangeConnection | None:
        """Load a page with four SQL statements, or more if none of the next changes are visible to the viewer."""
        check_systems(info.context.viewer, systems)
        request = _feed_request(info.context.kinds, first, after, kinds, systems)
        try:
            async with info.context.database.read() as db:
                page = await pages.read_page(db, info.context.viewer, request)
        except PositionExpired as expired:
            raise CursorExpired(expired, request.after or {}) from None
        return ChangeConnection.from_page(page, begun=after is not None)


def _feed_request(
    known: Sequence[str], first: int, after: str | None, kinds: Sequence[str] | None, systems: Sequence[str] | None
) -> FeedRequest:
    if not 1 <= first <= MAX_PAGE_SIZE:
        raise BadArgument(
            f"`first` must be between 1 and {MAX_PAGE_SIZE}.", f"`first` harus antara 1 dan {MAX_PAGE_SIZE}."
        )
    check_kinds(known, kinds)
    return FeedRequest(first, position_after(after), systems, kinds, now=after == NOW)
