"""The inputs, payloads and functions that all mutations of complaints share."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.idempotency import check_key
from hub.complaints.problems import Problem
from hub.complaints.workflow import Refusal
from hub.schema.complaints import audited
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.errors import ComplaintNotFound, IdempotencyConflict, InvalidInput, NotAllowed
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node
from hub.store import idempotency
from hub.store.database import Cause
from hub.store.idempotency import Completed, IdempotencyKey, KeyConflict
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition

T = TypeVar("T")

INPUT = strawberry.argument(description="The input of the mutation.")
KEY = (
    "A unique key of 8 to 128 letters, digits or . _ : - for this request. A repeat with the same key and"
    " input changes nothing and returns the first result."
)


@strawberry.input
class IdempotentInput:
    """Base of the inputs that take an optional idempotency key."""

    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input
class ComplaintInput(IdempotentInput):
    """Base of the inputs of mutations of one complaint."""

    ticket: str = strawberry.field(description="The complaint's ticket number.")


@strawberry.interface(description="The result of a mutation that changed a complaint.")
class ComplaintPayload:
    """Base of the payloads. Each mutation has a payload of its own, to which fields can be added."""

    complaint: Complaint = strawberry.field(description="The complaint after the mutation.")


PayloadT = TypeVar("PayloadT", bound=ComplaintPayload)
Rejection = InvalidInput | IdempotencyConflict | NotAllowed
ComplaintErrors = Rejection | ComplaintNotFound
Operation = Callable[[AsyncConnection, Cause], Awaitable[Completed | T]]
"""Does the work of a mutation in one transaction; returns ``Completed``, or why it changed nothing."""


def result(mutation: str) -> Any:
    """Return the union of a payload and its errors, named after ``mutation`` (a name in the graph)."""
    name = f"{mutation[0].upper()}{mutation[1:]}Result"
    return strawberry.union(name, description=f"The payload of `{mutation}`, or an error.")


async def transition(
    info: Info, payload: type[PayloadT], input: ComplaintInput, problems: list[Problem], act: Transition
) -> PayloadT | ComplaintErrors:
    """Apply a transition of the workflow to a complaint, unless there are ``problems`` with the input."""
    context = info.context
    return await run_on_complaint(
        info,
        payload,
        input,
        problems,
        lambda db, cause: transitions.transition(db, cause, context.viewer, act, context.rules),
    )


async def run_on_complaint(
    info: Info,
    payload: type[PayloadT],
    input: ComplaintInput,
    problems: list[Problem],
    operation: Operation[Refusal | None],
) -> PayloadT | ComplaintErrors:
    """Run ``operation`` and return ``payload`` with the changed complaint, or an error."""
    done = await run_checked(info, input, problems, operation)
    if done is not None and not isinstance(done, Completed):
        return done
    complaint = await load_hub_node(info.context, Complaint, done.ticket) if done else None
    return payload(complaint=complaint) if complaint else ComplaintNotFound.in_language(info.context.language)


async def run_checked(
    info: Info, input: IdempotentInput, problems: list[Problem], operation: Operation[Refusal | list[Problem] | None]
) -> Completed | Rejection | None:
    """Run ``operation`` unless the key or the input is invalid; turn its refusals into errors of the graph.

    Return None if ``operation`` found no such complaint or delivery.
    """
    language, key = info.context.language, input.idempotency_key
    if problems := [*(check_key(key) if key is not None else []), *problems]:
        return InvalidInput.from_problems(problems, language)
    done = await run_once(info, key, dataclasses.asdict(input), operation)
    if isinstance(done, KeyConflict):
        return IdempotencyConflict.in_language(language)
    if isinstance(done, Refusal):
        return NotAllowed.from_refusal(done, language)
    return InvalidInput.from_problems(done, language) if isinstance(done, list) else done


async def run_once(
    info: Info, key: str | None, params: dict[str, Any], operation: Operation[T]
) -> Completed | KeyConflict | T:
    """Run ``operation`` and write its audit event in one transaction.

    With a ``key``, the operation runs at most once per viewer, mutation and key. A repeat with the same ``params``
    returns the first result; one with others returns ``KeyConflict``.
    """
    context, viewer = info.context, info.context.viewer
    stored_key = (
        IdempotencyKey(f"{viewer.kind.value}:{viewer.name}", info.field_name, key, params) if key is not None else None
    )
    cause = context.cause(f"mutation:{info.field_name}")

    async def run(db: AsyncConnection) -> Completed | T:
        done = await operation(db, cause)
        await audited.record(db, viewer, info.field_name, params, done)
        return done

    async with context.database.write(cause) as db:
        done = await idempotency.run_once(db, context.cipher, stored_key, lambda: run(db))
    context.clear_cache()
    return done
