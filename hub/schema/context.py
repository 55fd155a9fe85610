"""The context that the resolvers of one request share: the viewer, the database and the data loaders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from hub.auth.purposes import Purpose
from hub.complaints.forwarding import ForwardingRule
from hub.errors import Forbidden
from hub.kinds import kind_names
from hub.schema.operator_tools import OperatorTools
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.idempotency import KeyConflict
from hub.store.ingest.uploads import RowResult, Upload
from hub.streams.broadcaster import Broadcaster
from hub.viewer import Viewer

T = TypeVar("T")
KeyT = TypeVar("KeyT", bound=Hashable)

Loader = Callable[[AsyncConnection, Viewer, list[KeyT]], Awaitable[Mapping[KeyT, T]]]
"""Loads the values of many keys for a viewer; keys that are not visible to the viewer are missing in the result."""

RecordPusher = Callable[[Upload, Cause, Sequence[bytes]], Awaitable[list[RowResult] | KeyConflict | None]]
"""Stores rows (one JSON object each) and returns their results in order; None if the system is not enabled."""


@dataclass
class Context:
    """The context of an operation, to be used in ``async with``.

    ``language`` is ``id`` or ``en``; ``secret`` is the hub's secret key.
    """

    database: Database
    viewer: Viewer
    cipher: FieldCipher
    secret: bytes
    language: str = "id"
    request_id: str = ""
    network: str = ""
    """The network of the caller's address."""
    purpose: Purpose | None = None
    """The purpose from the header ``Hub-Purpose``."""
    kinds: Sequence[str] = kind_names()
    """The names of the core kinds and of the kinds of the enabled connectors."""
    rules: Sequence[ForwardingRule] = ()
    """The rules for automatic forwarding of complaints."""
    count_submission: Callable[[], Awaitable[None]] | None = None
    """Counts a submission of the viewer; raises ``RateLimited``. None if submissions are not limited."""
    push_records: RecordPusher | None = None
    """Stores pushed rows of a system; None if pushing is not supported."""
    broadcaster: Broadcaster | None = None
    """Reads the feed for subscriptions; None if they are not served."""
    client_usage: Callable[[int, int], Awaitable[tuple[int, int]]] | None = None
    """Returns the requests and the cost of the viewer's client in the last minute, of so many it may have."""
    loopback_webhooks: bool = False
    """Whether clients may register endpoints on this machine, for development."""
    operator: OperatorTools = field(default_factory=OperatorTools)
    """What operators need of the settings and the connectors."""
    statement_log: list[str] = field(default_factory=list)
    """The SQL statements of this request, if they are recorded."""
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _snapshot: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _connection: AsyncConnection | None = None
    _outdated: bool = False
    _loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    _memoized: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end_snapshot()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for reads, to one block at a time. All reads of the operation see one snapshot.

        After a write or an error, which aborts a transaction of PostgreSQL, reads see a later snapshot.
        """
        async with self._reading:
            if self._outdated:
                await self._end_snapshot()
            if self._connection is None:
                self._connection = await self._snapshot.enter_async_context(self.database.snapshot())
            try:
                yield self._connection
            except Exception:
                self._outdated = True
                raise

    async def _end_snapshot(self) -> None:
        self._connection, self._outdated = None, False
        await self._snapshot.aclose()

    def loader(self, key: Hashable, load: Callable[[list[Any]], Awaitable[list[Any]]]) -> DataLoader[Any, Any]:
        """Return the data loader named ``key``; ``load`` gets all keys of one level of the query at once."""
        if key not in self._loaders:
            self._loaders[key] = DataLoader(load_fn=load)
        return self._loaders[key]

    async def load(self, name: Hashable, find: Loader[KeyT, T], key: KeyT) -> T | None:
        """Return the value of ``key``, or None; all keys of one level are loaded by one call of ``find``."""

        async def load(keys: list[KeyT]) -> list[T | None]:
            async with self.read() as db:
                values = await find(db, self.viewer, keys)
            return [values.get(each) for each in keys]

        value: T | None = await self.loader(name, load).load(key)
        return value

    async def memoize(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return the result of ``make``, which is called once per request and ``key``."""
        if key not in self._memoized:
            self._memoized[key] = asyncio.ensure_future(make())
        result: T = await self._memoized[key]
        return result

    async def refresh(self) -> None:
        """Discard all loaded values and give the connection back; a stream does so between its events."""
        self._loaders.clear()
        self._memoized.clear()
        await self._end_snapshot()

    @property
    def statements(self) -> int:
        """The number of SQL statements of the request so far."""
        return len(self.statement_log)

    def clear_cache(self) -> None:
        """Discard all loaded values and the snapshot, after a mutation has changed the data."""
        self._outdated = self._connection is not None
        self._loaders.clear()
        self._memoized.clear()

    def require_scopes(self, *alternatives: tuple[str, ...]) -> None:
        """Raise ``Forbidden`` unless the viewer has all scopes of one of ``alternatives``."""
        missing = [[scope for scope in each if not self.viewer.may(scope)] for each in alternatives]
        if all(missing):
            raise Forbidden(missing[0][0])

    def cause(self, what: str) -> Cause:
        """Return the cause that is recorded with a write of this request."""
        viewer = self.viewer
        return Cause(what, viewer.name or viewer.kind.value, self.request_id, viewer.client, self.network)


Info = strawberry.Info[Context, None]
