"""The subscriptions: the feed, a complaint and a system, each as it changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from typing import Annotated, Self

import strawberry

from hub.schema.authorization import AUTHENTICATED
from hub.schema.changes import Change, ChangeEdge
from hub.schema.complaints.complaint import Complaint
from hub.schema.context import Context, Info
from hub.schema.feed_arguments import MAX_SUBJECTS, NOW, position_after, stream_filter
from hub.schema.lookups import load_hub_node
from hub.schema.nodes import NodeT
from hub.schema.systems import System
from hub.store.feed.live import Subject
from hub.store.feed.sequence import HUB
from hub.streams import following
from hub.streams.broadcaster import Broadcaster
from hub.streams.following import Event, Following, Message


@strawberry.enum(description="Why a reader of the feed did not get some changes; new values may be added.")
class GapReason(Enum):
    """The reasons of ``hub.streams.following``."""

    PRUNED = strawberry.enum_value("PRUNED", description="The changes are older than what the feed keeps.")
    RESTORED = strawberry.enum_value(
        "RESTORED", description="The cursor is of another history: the hub's database was restored."
    )
    SLOW_READER = strawberry.enum_value(
        "SLOW_READER", description="The reader fell so far behind that a snapshot is the shorter way."
    )


@strawberry.type(
    description="Changes of a system that the reader did not get. The stream goes on after `to`. Take the `snapshot`"
    " and apply what follows to it; if `from` is still kept, the query `changes` from there returns the changes too."
)
class Gap:
    """A gap in a stream of the feed."""

    system: str = strawberry.field(description="The name of the system.")
    from_: str = strawberry.field(name="from", description="The cursor of the last change before the gap.")
    to: str = strawberry.field(description="The cursor from which the stream goes on.")
    reason: GapReason = strawberry.field(description="Why the changes are missing.")
    snapshot: str = strawberry.field(description="The request for a snapshot of the system: `GET` and a path.")

    @classmethod
    def from_gap(cls, gap: following.Gap) -> Self:
        """Return the gap for a gap of a stream."""
        return cls(
            system=gap.system, from_=gap.start, to=gap.end, reason=GapReason[gap.reason.name], snapshot=gap.snapshot
        )


@strawberry.type(
    description="A sign that the reader has got everything before `cursor`, also if none of it was for the reader."
)
class Checkpoint:
    """A position of the reader without a change."""

    cursor: str = strawberry.field(description="Pass it as `after` to continue from here.")


FeedEvent = Annotated[
    ChangeEdge | Gap | Checkpoint,
    strawberry.union("FeedEvent", description="An event of a stream of the feed; new types may be added."),
]


class FeedSubscription:
    """The subscriptions of the feed and of systems."""

    @strawberry.subscription(
        description="The changes after a cursor, and then each new one as it is made: each once, in order. It shows"
        " what the query `changes` shows, and takes the same scopes. What is lost is said by a `Gap`. A `Checkpoint`"
        " comes whenever everything so far was sent. Each event costs as much as the operation.",
        directives=[AUTHENTICATED],
    )
    async def changes(
        self,
        info: Info,
        after: Annotated[
            str | None,
            strawberry.argument(description=f"Begin after this cursor; by default, and with `{NOW}`, from now on."),
        ] = None,
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
        subjects: Annotated[
            list[str] | None,
            strawberry.argument(
                description="Return only changes of these tickets or ids of records, at most"
                f" {MAX_SUBJECTS}; all by default."
            ),
        ] = None,
    ) -> AsyncGenerator[FeedEvent, None]:
        """Follow the feed."""
        context = info.context
        wanted = stream_filter(context.viewer, context.kinds, kinds=kinds, systems=systems, subjects=subjects)
        reader = Following(context.database, _broadcaster(context), context.viewer, position_after(after), wanted)
        async with aclosing(reader.batches()) as batches:
            async for batch in batches:
                for message in batch:
                    yield _event(message)

    @strawberry.subscription(description="The system with this name now, and whenever its state changes.")
    async def system(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The system's short name, such as `lapor`.")],
    ) -> AsyncGenerator[System | None, None]:
        """Watch the state of a system."""
        async with aclosing(_live(info.context, System, name, Broadcaster.system_subject(name))) as found:
            async for each in found:
                yield each


class ComplaintSubscription:
    """The subscription of a complaint."""

    @strawberry.subscription(
        description="The complaint with this ticket now, and after each of its changes; null if it does not exist or"
        " is not visible to the viewer."
    )
    async def complaint(
        self,
        info: Info,
        ticket: Annotated[str, strawberry.argument(description="The ticket number, such as LG-2026-000123.")],
    ) -> AsyncGenerator[Complaint | None, None]:
        """Watch a complaint."""
        async with aclosing(_live(info.context, Complaint, ticket, Subject(HUB, "complaint", ticket))) as found:
            async for each in found:
                yield each


async def _live(context: Context, node: type[NodeT], name: str, subject: Subject) -> AsyncGenerator[NodeT | None, None]:
    """Yield the node now and whenever ``subject`` changes; what the viewer may not see causes no further event."""
    broadcaster, shown, first = _broadcaster(context), None, True
    await broadcaster.head()
    with broadcaster.watching(subject) as changed:
        while True:
            changed.clear()
            found = await load_hub_node(context, node, name)
            await context.refresh()
            if first or found is not None or shown is not None:
                yield found
            shown, first = found, False
            await changed.wait()


def _broadcaster(context: Context) -> Broadcaster:
    assert context.broadcaster is not None, "this context serves no subscriptions"
    return context.broadcaster


def _event(message: Message) -> ChangeEdge | Gap | Checkpoint:
    match message:
        case Event(change, cursor):
            return ChangeEdge(node=Change.from_change(change), cursor=cursor)
        case following.Gap():
            return Gap.from_gap(message)
        case following.Checkpoint(cursor):
            return Checkpoint(cursor=cursor)
