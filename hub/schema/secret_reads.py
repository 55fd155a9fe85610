"""Reads of secret texts: each is recorded in the audit trail before the text is returned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from strawberry.extensions.field_extension import FieldExtension

from hub.schema.context import Context
from hub.store import audit


class RecordSecretRead(FieldExtension):
    """Records the reader of a field of a secret complaint or report, once per object and operation.

    ``subject`` returns the name of the object in the audit trail. The events of one level are written by one statement.
    """

    def __init__(self, subject: Callable[[Any], str]) -> None:
        self._subject = subject

    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Context], **arguments: Any) -> Any:
        """Return the value, or an awaitable of it if it is secret."""
        value = next_(source, info, **arguments)
        return value if value is None or not source.secret else self._recorded(source, info, value)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> Any:
        """Return the value of an asynchronous field."""
        value = await next_(source, info, **arguments)
        return value if value is None or not source.secret else await self._recorded(source, info, value)

    def resolve_level(
        self, info: strawberry.Info[Context], sources: Sequence[Any], values: list[Any] | Awaitable[list[Any]]
    ) -> list[Any] | Awaitable[list[Any]]:
        """Return the values of a level, or an awaitable of them if some are secret."""
        if isinstance(values, list) and not any(source.secret for source in sources):
            return values
        return self._recorded_level(info, sources, values)

    async def _recorded_level(
        self, info: strawberry.Info[Context], sources: Sequence[Any], values: list[Any] | Awaitable[list[Any]]
    ) -> list[Any]:
        found = values if isinstance(values, list) else await values
        read = [
            self._subject(source)
            for source, value in zip(sources, found, strict=True)
            if source.secret and value is not None and not isinstance(value, Exception)
        ]
        await _audit_loader(info.context).load_many(read)
        return found

    async def _recorded(self, source: Any, info: strawberry.Info[Context], value: Any) -> Any:
        await _audit_loader(info.context).load(self._subject(source))
        return value


def _audit_loader(context: Context) -> Any:
    async def load(subjects: list[str]) -> list[None]:
        cause = context.cause(audit.READ_SECRET)
        await audit.record_reads(context.database, cause, audit.READ_SECRET, subjects)
        return [None] * len(subjects)

    return context.loader(audit.READ_SECRET, load)
