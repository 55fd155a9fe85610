"""Quarantine in the graph: groups by cause, items with the field that is wrong, and acts on one or many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.scalars import JSON

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual
from hub.schema.arguments import MAX_PAGE_SIZE, BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.complaints.mutations import INPUT, IdempotentInput, result
from hub.schema.context import Context, Info
from hub.schema.cost import DEFAULT_PAGE_SIZE, HISTORY_SIZE, SHORT_LIST_SIZE
from hub.schema.operations import OPERATE
from hub.schema.run_once import Rejection, Repeated, run_once
from hub.store.ingest.quarantine import QuarantineEntry
from hub.store.operations import quarantine, quarantine_acts
from hub.store.operations.quarantine import MAX_ITEMS, ReplayOutcome

Act = Callable[[AsyncConnection, Sequence[QuarantineEntry]], Awaitable[Sequence[ReplayOutcome]]]
_HIDDEN = "null for viewers who could not see the record if it were secret"


@strawberry.type(description="Items of a system in quarantine with one reason, found by one version of its connector.")
class QuarantineGroup:
    """A group of open items."""

    key: str = strawberry.field(description="Identifies the group, for filters and acts.")
    system: str = strawberry.field(description="The system's name.")
    reason: str = strawberry.field(description="Why the items cannot be read, in English.")
    connector_version: str | None = strawberry.field(
        description="The version of the connector that could not read them; null for items from before versions."
    )
    count: int = strawberry.field(description="How many items it has.")
    oldest: datetime = strawberry.field(description="When the first item came.")
    newest: datetime = strawberry.field(description="When an item came last.")


@strawberry.type(description="An item that the hub could not read, or that has an unknown code.")
class QuarantinedItem:
    """An open entry of the quarantine, without personal columns and free text."""

    id: strawberry.ID = strawberry.field(description="The item's number.")
    system: str = strawberry.field(description="The system's name.")
    kind: str | None = strawberry.field(
        description="The kind of its record, such as `payment`, if it was stored as one. New values may be added."
    )
    external_id: str | None = strawberry.field(description=f"The id of its record in its system; {_HIDDEN}.")
    reason: str = strawberry.field(description="Why it cannot be read, in English.")
    field: str | None = strawberry.field(description="The path of the field that is wrong; null if not known.")
    value: JSON | None = strawberry.field(description=f"The value of that field; {_HIDDEN}.")
    body: JSON | None = strawberry.field(
        description=f"The item without personal columns, its free text as `(sealed)`; {_HIDDEN}."
    )
    connector_version: str | None = strawberry.field(description="The version of the connector that met it last.")
    times: int = strawberry.field(description="How often it came.")
    first_at: datetime = strawberry.field(description="When it came first.")
    last_at: datetime = strawberry.field(description="When it came last.")


def to_item(entry: QuarantineEntry, *, shown: bool) -> QuarantinedItem:
    """Return an item; ``shown``: with its content."""
    path, value = quarantine.wrong_field(entry)
    return QuarantinedItem(
        id=strawberry.ID(str(entry.id)),
        system=entry.system,
        kind=entry.kind,
        external_id=entry.external_id if shown else None,
        reason=entry.reason,
        field=path,
        value=JSON(value) if shown and value is not None else None,
        body=JSON(entry.raw) if shown else None,
        connector_version=entry.connector_version,
        times=entry.times,
        first_at=entry.first_at,
        last_at=entry.last_at,
    )


async def _shown(context: Context) -> frozenset[str]:
    """Return the systems whose items the viewer may see with their content."""

    async def load() -> frozenset[str]:
        async with context.read() as db:
            return await quarantine.content_visible(db, context.viewer, context.operator.quarantine.kinds)

    return await context.memoize("quarantine content", load)


class Query:
    """The queries of quarantine."""

    @strawberry.field(
        description=f"Items in quarantine, grouped by cause, the largest group first. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def quarantine_groups(self, info: Info) -> list[QuarantineGroup] | None:
        """Load them with one SQL statement."""
        async with info.context.read() as db:
            found = await quarantine.groups(db)
        return [QuarantineGroup(**{name: getattr(each, name) for name in each.__slots__}) for each in found]

    @strawberry.field(
        description=f"Items in quarantine, the latest first. {requirement(OPERATE)}",
        directives=[HISTORY_SIZE],
        extensions=requires(OPERATE),
    )
    async def quarantine(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description=f"The maximum number of items, 1 to {MAX_PAGE_SIZE}.")
        ] = DEFAULT_PAGE_SIZE,
        after: Annotated[
            strawberry.ID | None, strawberry.argument(description="Return only items after the one with this id.")
        ] = None,
        group: Annotated[str | None, strawberry.argument(description="Return only items of this group.")] = None,
        system: Annotated[str | None, strawberry.argument(description="Return only items of this system.")] = None,
    ) -> list[QuarantinedItem] | None:
        """Load a page with two SQL statements."""
        if not 1 <= first <= MAX_PAGE_SIZE:
            raise BadArgument(
                f"`first` must be between 1 and {MAX_PAGE_SIZE}.", f"`first` harus antara 1 dan {MAX_PAGE_SIZE}."
            )
        last = _number(after) if after is not None else None
        shown = await _shown(info.context)
        async with info.context.read() as db:
            found = await quarantine.items(db, group=group, system=system, after=last, limit=first)
        return [to_item(each, shown=each.system in shown) for each in found]


def _number(id_: str) -> int:
    """Return the number of an item's id; 0, which no item has, if it is none."""
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) <= 18 else 0


@strawberry.input
class QuarantineInput(IdempotentInput):
    """Base of the inputs of acts on quarantined items."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The ids of the items. Either this or `group`."
    )
    group: str | None = strawberry.field(
        default=None, description=f"All items of the group with this key, {MAX_ITEMS} at most. Either this or `ids`."
    )
    preview: bool = strawberry.field(
        default=False, description="Whether to return what would be done, without doing it."
    )


@strawberry.input(description="Input of `replayQuarantine`.")
class ReplayQuarantineInput(QuarantineInput):
    """Input of ``replayQuarantine``."""


@strawberry.input(description="Input of `discardQuarantine`.")
class DiscardQuarantineInput(QuarantineInput):
    """Input of ``discardQuarantine``."""


@strawberry.type(description="What was done, or would be done, with one item.")
class QuarantineOutcome:
    """The outcome of one item."""

    id: strawberry.ID = strawberry.field(description="The item's number.")
    accepted: bool = strawberry.field(
        description="Whether the item was read or discarded; in a preview, whether it would be."
    )
    reason: str | None = strawberry.field(description="Why the item still cannot be read, in English; null if it can.")
    kind: str | None = strawberry.field(description="The kind of its record. New values may be added.")
    external_id: str | None = strawberry.field(description=f"The id of its record in its system; {_HIDDEN}.")
    status: str | None = strawberry.field(
        description=f"In a preview, the status that its record would get; {_HIDDEN}. New values may be added."
    )
    body: JSON | None = strawberry.field(
        description=f"In a preview, the facts that its record would have, without free text; {_HIDDEN}."
    )


@strawberry.interface(description="The result of an act on quarantined items. Items that are not open are left out.")
class QuarantinePayload:
    """Base of the payloads."""

    preview: bool = strawberry.field(description="Whether nothing was done.")
    repeated: bool = strawberry.field(
        description="Whether this idempotency key was used before: nothing is done again, and `outcomes` is empty."
    )
    outcomes: list[QuarantineOutcome] = strawberry.field(description="One for each item.", directives=[SHORT_LIST_SIZE])


@strawberry.type(description="The result of `replayQuarantine`.")
class ReplayQuarantinePayload(QuarantinePayload):
    """The outcomes of a replay."""


@strawberry.type(description="The result of `discardQuarantine`.")
class DiscardQuarantinePayload(QuarantinePayload):
    """The outcomes of a discard."""


ReplayQuarantineResult = Annotated[ReplayQuarantinePayload | Rejection, result("replayQuarantine")]
DiscardQuarantineResult = Annotated[DiscardQuarantinePayload | Rejection, result("discardQuarantine")]

_EITHER = Bilingual("Name `ids` or `group`, one of them.", "Isi `ids` atau `group`, salah satu.")


class Mutation:
    """The mutations of quarantine."""

    @strawberry.mutation(
        description="Read items again after the mapping or the code table was corrected; one that still fails gets a"
        f" new number. With `preview`, see what that would give. {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def replay_quarantine(
        self, info: Info, input: Annotated[ReplayQuarantineInput, INPUT]
    ) -> ReplayQuarantineResult | None:
        """Replay them in one transaction."""
        tools = info.context.operator.quarantine

        async def act(db: AsyncConnection, entries: Sequence[QuarantineEntry]) -> list[ReplayOutcome]:
            if input.preview:
                return tools.preview(entries)
            return await quarantine_acts.replay(db, entries, tools.replay)

        done = await _act(info, input, act)
        return done if isinstance(done, Rejection) else ReplayQuarantinePayload(**done)

    @strawberry.mutation(
        description="Discard items: their content is deleted, and the same item is ignored when it comes again."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    async def discard_quarantine(
        self, info: Info, input: Annotated[DiscardQuarantineInput, INPUT]
    ) -> DiscardQuarantineResult | None:
        """Discard them in one transaction."""

        async def act(db: AsyncConnection, entries: Sequence[QuarantineEntry]) -> list[ReplayOutcome]:
            if input.preview:
                return [ReplayOutcome(each.id, True) for each in entries]
            return await quarantine_acts.discard(db, entries)

        done = await _act(info, input, act)
        return done if isinstance(done, Rejection) else DiscardQuarantinePayload(**done)


async def _act(info: Info, input: QuarantineInput, act: Act) -> dict[str, Any] | Rejection:
    """Run ``act`` on the open items that are meant, and return the fields of its payload."""
    shown = await _shown(info.context)
    systems: dict[int, str] = {}

    async def run(db: AsyncConnection) -> tuple[ReplayOutcome, ...] | list[Problem]:
        if (input.ids is None) == (input.group is None):
            return [Problem("ids", ProblemCode.REQUIRED, _EITHER)]
        ids = None if input.ids is None else [_number(each) for each in input.ids]
        entries = await quarantine.items(db, ids=ids, group=input.group)
        systems.update({each.id: each.system for each in entries})
        return tuple(await act(db, entries))

    done = await run_once(info, input, run)
    if isinstance(done, Rejection):
        return done
    outcomes = () if isinstance(done, Repeated) else done
    return {
        "preview": input.preview,
        "repeated": isinstance(done, Repeated),
        "outcomes": [_outcome(each, shown=systems.get(each.id) in shown) for each in outcomes],
    }


def _outcome(outcome: ReplayOutcome, *, shown: bool) -> QuarantineOutcome:
    return QuarantineOutcome(
        id=strawberry.ID(str(outcome.id)),
        accepted=outcome.accepted,
        reason=outcome.reason,
        kind=outcome.kind,
        external_id=outcome.external_id if shown else None,
        status=outcome.status if shown else None,
        body=JSON(outcome.body) if shown and outcome.body is not None else None,
    )
