"""What all mutations of complaints share: their argument, the promise of a key, and what comes of a move."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.problems import Problem
from hub.complaints.references import check_key
from hub.complaints.workflow import Refusal
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.refusals import ComplaintNotFound, IdempotencyConflict, InvalidInput, NotAllowed
from hub.schema.context import Info
from hub.schema.listing import node_of_hub
from hub.store.complaints import handling
from hub.store.complaints.handling import Act
from hub.store.database import Cause
from hub.store.promises import Done, KeyTaken, Promise, promised

T = TypeVar("T")

INPUT = strawberry.argument(description="What is wanted.")
KEY = "Makes a repeat harmless: same key and input, same answer. 8 to 128 letters, digits or . _ : -"


@strawberry.input
class Repeatable:
    """What every act is told that may be asked for again."""

    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input
class ActOnComplaint(Repeatable):
    """The same of a complaint."""

    ticket: str = strawberry.field(description="Which complaint.")


@strawberry.type(description="The complaint was moved.")
class ComplaintMoved:
    """As it stands now."""

    complaint: Complaint = strawberry.field(description="The complaint as it stands now.")


Refused = InvalidInput | IdempotencyConflict | NotAllowed
Moved = ComplaintMoved | Refused | ComplaintNotFound
MoveResult = Annotated[Moved, strawberry.union("MoveComplaintResult", description="What came of a move.")]
Doing = Callable[[AsyncConnection, Cause], Awaitable[Done | T]]


async def move(info: Info, input: ActOnComplaint, problems: list[Problem], act: Act) -> Moved:
    """Check, act in one transaction, and show the outcome as the graph does."""
    context = info.context
    return await acted(
        info, input, problems, lambda db, cause: handling.act(db, cause, context.viewer, act, context.rules)
    )


async def acted(info: Info, input: ActOnComplaint, problems: list[Problem], act: Doing[Refusal | None]) -> Moved:
    """The same for any act on a complaint."""
    done = await tried(info, input, problems, act)
    if done is not None and not isinstance(done, Done):
        return done
    complaint = await node_of_hub(info.context, Complaint, done.ticket) if done else None
    return ComplaintMoved(complaint=complaint) if complaint else ComplaintNotFound.of(info.context.language)


async def tried(
    info: Info, input: Repeatable, problems: list[Problem], act: Doing[Refusal | list[Problem] | None]
) -> Done | Refused | None:
    """The same without the outcome: that it was done, or what is answered where nothing was; None as ``act`` says."""
    language, key = info.context.language, input.idempotency_key
    if problems := [*(check_key(key) if key is not None else []), *problems]:
        return InvalidInput.of(problems, language)
    done = await once(info, key, dataclasses.asdict(input), act)
    if isinstance(done, KeyTaken):
        return IdempotencyConflict.of(language)
    if isinstance(done, Refusal):
        return NotAllowed.of(done, language)
    return InvalidInput.of(done, language) if isinstance(done, list) else done


async def once(info: Info, key: str | None, told: dict[str, Any], act: Doing[T]) -> Done | KeyTaken | T:
    """Act in one transaction; with a ``key`` once for this viewer, this mutation and what it was ``told``."""
    context, viewer = info.context, info.context.viewer
    promise = Promise(f"{viewer.kind.value}:{viewer.name}", info.field_name, key, told) if key is not None else None
    cause = context.cause(f"mutation:{info.field_name}")
    async with context.database.write(cause) as db:
        done = await promised(db, context.seal, promise, lambda: act(db, cause))
    context.forget()
    return done
