"""What resolvers share while one request is answered: who asks, the store, and batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from hub.auth.purposes import Purpose
from hub.complaints.forwarding import Rule
from hub.errors import Forbidden
from hub.store.database import Cause, Database
from hub.store.ingest.pushes import Told, Upload
from hub.store.promises import KeyTaken
from hub.store.sealing import Seal
from hub.viewer import Viewer

T = TypeVar("T")
KeyT = TypeVar("KeyT", bound=Hashable)

Finding = Callable[[AsyncConnection, Viewer, list[KeyT]], Awaitable[Mapping[KeyT, T]]]
"""What the store says, for one viewer, of many at once; nothing of what that viewer may not see."""

Pushing = Callable[[Upload, Cause, Sequence[bytes]], Awaitable[list[Told] | KeyTaken | None]]
"""What became of rows (JSON each), in order; None where no such system is enabled."""


@dataclass
class Context:
    """One request's context. ``language`` is ``id`` or ``en``; ``secret`` is the hub's secret key."""

    database: Database
    viewer: Viewer
    seal: Seal
    secret: bytes
    language: str = "id"
    request_id: str = ""
    purpose: Purpose | None = None
    """What for, as the request says it."""
    rules: Sequence[Rule] = ()
    """Which complaints are forwarded by themselves."""
    push: Pushing | None = None
    """Takes rows of a system's own; None where nothing can be pushed."""
    noted: list[str] = field(default_factory=list)
    """The SQL statements of this request, where somebody notes them."""
    _batches: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    _once: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)

    def batch(self, key: Hashable, load: Callable[[list[Any]], Awaitable[list[Any]]]) -> DataLoader[Any, Any]:
        """The batch called ``key`` of this request: all that a level asks of it becomes one statement."""
        if key not in self._batches:
            self._batches[key] = DataLoader(load_fn=load)
        return self._batches[key]

    async def found(self, name: Hashable, find: Finding[KeyT, T], key: KeyT) -> T | None:
        """What ``find`` says of ``key``, None for nothing; asked once for all of a level, as the batch ``name``."""

        async def load(keys: list[KeyT]) -> list[T | None]:
            async with self.database.read() as db:
                said = await find(db, self.viewer, keys)
            return [said.get(each) for each in keys]

        told: T | None = await self.batch(name, load).load(key)
        return told

    async def once(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What ``make`` gives, made once in this request however many fields ask."""
        if key not in self._once:
            self._once[key] = asyncio.ensure_future(make())
        result: T = await self._once[key]
        return result

    @property
    def statements(self) -> int:
        """How many SQL statements the request took so far."""
        return len(self.noted)

    def forget(self) -> None:
        """Drop what was read: a mutation has changed it."""
        self._batches.clear()
        self._once.clear()

    def need(self, *alternatives: tuple[str, ...]) -> None:
        """Raise ``Forbidden`` unless the viewer has all scopes of one of ``alternatives``."""
        missing = [[scope for scope in each if not self.viewer.may(scope)] for each in alternatives]
        if all(missing):
            raise Forbidden(missing[0][0])

    def cause(self, what: str) -> Cause:
        """What a write of this request says of itself."""
        return Cause(what, self.viewer.name or self.viewer.kind.value, self.request_id)


Info = strawberry.Info[Context, None]
