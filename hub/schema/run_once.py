"""Runs the act of a mutation in one transaction, at most once for its idempotency key."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.idempotency import check_key
from hub.complaints.problems import Problem
from hub.schema.complaints.errors import IdempotencyConflict, InvalidInput
from hub.schema.complaints.mutations import IdempotentInput
from hub.schema.context import Info
from hub.store import idempotency
from hub.store.idempotency import IdempotencyKey, KeyConflict

T = TypeVar("T")

Rejection = InvalidInput | IdempotencyConflict


class Repeated(Enum):
    """The act was done before, by a request with the same key and input."""

    YES = "yes"


async def run_once(
    info: Info, input: IdempotentInput, act: Callable[[AsyncConnection], Awaitable[T | list[Problem]]]
) -> T | Repeated | Rejection:
    """Run ``act`` in one transaction; its problems become an error. None, or problems, leave the key unused."""
    context, viewer, key = info.context, info.context.viewer, input.idempotency_key
    if key is not None and (problems := check_key(key)):
        return InvalidInput.from_problems(problems, context.language)
    params = dataclasses.asdict(input)
    name = f"{viewer.kind.value}:{viewer.name}"
    stored = IdempotencyKey(name, info.field_name, key, params) if key is not None else None
    async with context.database.write(context.cause(f"mutation:{info.field_name}")) as db:
        earlier = await idempotency.acquire(db, context.cipher, stored) if stored else None
        if earlier is not None:
            conflict = isinstance(earlier, KeyConflict)
            return IdempotencyConflict.in_language(context.language) if conflict else Repeated.YES
        done = await act(db)
        if stored and (done is None or isinstance(done, list)):
            await idempotency.release(db, stored)
    context.clear_cache()
    return InvalidInput.from_problems(done, context.language) if isinstance(done, list) else done
