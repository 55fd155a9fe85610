"""The feed in the graph: every change of complaints and records, for systems that keep copies of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from hub.errors import Forbidden
from hub.kinds import known_kinds
from hub.schema.context import Info
from hub.schema.listing import FIRST_MAX, BadArgument
from hub.schema.needs import KNOWN
from hub.schema.nodes import PageInfo
from hub.schema.weights import FIRST, PAGED
from hub.store.feed import changes, cursors, pages
from hub.store.feed.pages import Expired, Page, Wanted
from hub.store.feed.positions import HUB
from hub.store.reading import sight
from hub.store.reading.cursors import BadCursor
from hub.store.reading.naming import nameable
from hub.viewer import Viewer


class CursorExpired(GraphQLError):
    """A cursor that the feed cannot go on from; the message says how to begin anew."""

    def __init__(self, expired: Expired, after: cursors.Positions) -> None:
        snapshot = f"GET /bulk/{expired.system}?after={cursors.encode(after)}"
        sentence = f"{expired} Take a snapshot at {snapshot} and go on from the cursor it gives."
        extensions = {"code": "CURSOR_EXPIRED", "system": expired.system, "snapshot": snapshot}
        super().__init__(sentence, extensions=extensions)


@strawberry.type(
    description="One change of a complaint or a record. Facts are named like the fields of their type; what people "
    "wrote, places and reporters are named when they change, and not told."
)
class Change:
    """A row of the history, with its position."""

    system: str = strawberry.field(description="Whose record it is of; `hub` is the complaint service.")
    position: int = strawberry.field(description="Its number among the changes of that system, without gaps.")
    kind: str = strawberry.field(description="What changed, such as `complaint` or `payment`.")
    subject: str = strawberry.field(description="Which one: a ticket, or the id its system has for it.")
    fields: list[str] = strawberry.field(description="The names of what changed; none where it is new.")
    before: JSON | None = strawberry.field(description="The facts that changed, as they were; null where it is new.")
    after: JSON | None = strawberry.field(
        description="The same as they are since; all facts where it is new, null where it was deleted."
    )
    removed: bool = strawberry.field(description="Whether it is gone: deleted, or no longer listed by its system.")
    cause: str | None = strawberry.field(description="What changed it, such as `mutation:assignComplaint`.")
    actor: str | None = strawberry.field(description="Who did; null where that is not told.")
    correlation: str | None = strawberry.field(description="The request or run it belongs to.")
    effective_at: datetime = strawberry.field(description="Since when it is so, as its system says.")
    recorded_at: datetime = strawberry.field(description="When the hub learned it.")

    @classmethod
    def of(cls, change: changes.Change) -> Self:
        """As the store tells it."""
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
            correlation=change.correlation,
            effective_at=change.effective_at,
            recorded_at=change.recorded_at,
        )


@strawberry.type(description="A change in the feed.")
class ChangeEdge:
    """Relay's edge."""

    node: Change = strawberry.field(description="The change.")
    cursor: str = strawberry.field(description="Give it as `after` to go on right behind the change.")


@strawberry.type(
    description="A page of the feed. It may hold fewer changes than asked for, even none, while `hasNextPage` is true; "
    "`endCursor` goes on all the same, and is there also at the end, to ask again later."
)
class ChangeConnection:
    """Relay's connection."""

    edges: list[ChangeEdge] = strawberry.field(description="The changes, those of each system in their order.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @classmethod
    def of(cls, page: Page, *, begun: bool) -> Self:
        """A page the store read; ``begun`` says whether it began at a cursor."""
        pairs = zip(page.changes, page.cursors, strict=True)
        info = PageInfo(
            has_next_page=page.more,
            has_previous_page=begun,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.end,
        )
        return cls(edges=[ChangeEdge(node=Change.of(each), cursor=cursor) for each, cursor in pairs], page_info=info)


class Query:
    """The feed."""

    @strawberry.field(
        description="What changed, in order, each change once. Needs complaints:read for those of `hub`, and "
        "records:sync.<system> for those of a system; others are left out, and refused where `systems` names them. "
        "Without `after` from the oldest that is kept; a cursor that is too old is refused as CURSOR_EXPIRED, and "
        "GET /bulk/{system}?after={cursor} gives a snapshot with a new one.",
        directives=[PAGED, KNOWN],
    )
    async def changes(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description=f"How many changes, 1 to {FIRST_MAX}.")] = FIRST,
        after: Annotated[str | None, strawberry.argument(description="A cursor: go on after it.")] = None,
        kinds: Annotated[list[str] | None, strawberry.argument(description="Of these kinds; all by default.")] = None,
        systems: Annotated[
            list[str] | None, strawberry.argument(description="Of these systems; all by default.")
        ] = None,
    ) -> ChangeConnection | None:
        """Four statements at most."""
        _check_systems(info.context.viewer, systems)
        wanted = _wanted(first, after, kinds, systems)
        try:
            async with info.context.database.read() as db:
                page = await pages.page(db, info.context.viewer, wanted)
        except Expired as expired:
            raise CursorExpired(expired, wanted.after or {}) from None
        return ChangeConnection.of(page, begun=after is not None)


def _check_systems(viewer: Viewer, systems: Sequence[str] | None) -> None:
    """Raise where there is nothing to follow, or a system is named that there is not for the viewer: it looks alike."""
    if not pages.may_follow_any(viewer):
        raise Forbidden(sight.READ)
    if strange := [name for name in systems or () if not pages.may_follow(viewer, name)]:
        scopes = f"{sight.SYNC}<system>, and {HUB} {sight.READ}"
        raise BadArgument(f"There is no system {strange[0]!r} that you may follow; following one takes {scopes}.")


def _wanted(first: int, after: str | None, kinds: Sequence[str] | None, systems: Sequence[str] | None) -> Wanted:
    if not 1 <= first <= FIRST_MAX:
        raise BadArgument(f"`first` must be between 1 and {FIRST_MAX}.")
    if not all(map(nameable, systems or ())):
        raise BadArgument("A filter cannot look for the character NUL.")
    known = ["complaint", *known_kinds()]
    if strange := [kind for kind in kinds or () if kind not in known]:
        raise BadArgument(f"There is no kind {strange[0]!r}; there are {', '.join(known)}.")
    try:
        return Wanted(first, None if after is None else cursors.decode(after), systems, kinds)
    except BadCursor as bad:
        raise BadArgument(str(bad)) from None
