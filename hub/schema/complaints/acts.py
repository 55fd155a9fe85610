"""What all mutations of complaints share: their argument, the promise of a key, and what comes of a move."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

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
from hub.store.promises import Done, KeyTaken, Promise

INPUT = strawberry.argument(description="What is wanted.")
KEY = "Makes a repeat harmless: same key and input, same answer. 8 to 128 letters, digits or . _ : -"


@strawberry.type(description="The complaint was moved.")
class ComplaintMoved:
    """As it stands now."""

    complaint: Complaint = strawberry.field(description="The complaint as it stands now.")


Moved = ComplaintMoved | InvalidInput | IdempotencyConflict | NotAllowed | ComplaintNotFound
MoveResult = Annotated[Moved, strawberry.union("MoveComplaintResult", description="What came of a move.")]


Did = Done | KeyTaken | Refusal | None


async def move(info: Info, input: Any, problems: list[Problem], act: Act) -> Moved:
    """Check, act in one transaction, and show the outcome as the graph does."""
    context = info.context

    async def moved(db: AsyncConnection, cause: Cause, promise: Promise | None) -> Did:
        return await handling.act(db, cause, context.seal, context.viewer, promise, act, context.rules)

    return await acted(info, input, problems, moved)


async def acted(
    info: Info,
    input: Any,
    problems: list[Problem],
    act: Callable[[AsyncConnection, Cause, Promise | None], Awaitable[Did]],
) -> Moved:
    """The same for any act on a complaint."""
    context, key = info.context, input.idempotency_key
    problems = [*(check_key(key) if key is not None else []), *problems]
    if problems:
        return InvalidInput.of(problems, context.language)
    promise = promised(info, key, dataclasses.asdict(input)) if key is not None else None
    cause = context.cause(f"mutation:{info.field_name}")
    async with context.database.write(cause) as db:
        done = await act(db, cause, promise)
    if isinstance(done, KeyTaken):
        return IdempotencyConflict.of(context.language)
    if isinstance(done, Refusal):
        return NotAllowed.of(done, context.language)
    context.forget()
    complaint = await node_of_hub(context, Complaint, done.ticket) if done else None
    return ComplaintMoved(complaint=complaint) if complaint else ComplaintNotFound.of(context.language)


def promised(info: Info, key: str, told: dict[str, Any]) -> Promise:
    """What ``key`` stands for: this viewer, this mutation, and what it was ``told``."""
    viewer = info.context.viewer
    return Promise(f"{viewer.kind.value}:{viewer.name}", info.field_name, key, told)
