"""Connections: short ones for reads, one transaction for a write that says why it is made."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

AWAY = (OperationalError, InterfaceError, TimeoutError, psycopg.OperationalError, psycopg.InterfaceError)
"""What is raised where the database does not answer or broke off; the driver's own where COPY is used."""

_ALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
"""A host that vanishes says no goodbye: the other side notices within a minute, not within the usual two hours, for
which the server would keep the locks of a worker that is gone."""

_OPTIONS = " ".join(
    ["-c statement_timeout=60s", "-c TimeZone=UTC", *(f"-c tcp_{name}={value}" for name, value in _ALIVE.items())]
)

statements: ContextVar[list[str] | None] = ContextVar("statements", default=None)
"""Where the SQL statements of the current request or test are noted, when somebody counts them."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a write says of itself, copied into every change row it makes.

    ``what`` is such as ``pull`` or ``mutation:assignComplaint``; ``actor`` a viewer's name, never
    personal data; ``correlation`` the request or run it belongs to.
    """

    what: str
    actor: str
    correlation: str


def driver_url(url: str) -> str:
    """The URL as SQLAlchemy wants it, with the one driver the hub uses."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class Database:
    """One pool of connections to PostgreSQL."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            # Values may be personal: an error of the driver must not carry them into a log.
            hide_parameters=True,
            connect_args={"options": _OPTIONS, **_ALIVE},
        )
        event.listen(self._engine.sync_engine, "before_cursor_execute", _note)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one or a few reads, without a transaction around them."""
        async with self._engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextlib.asynccontextmanager
    async def write(self, cause: Cause) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed when the block ends well; without it the triggers refuse every write."""
        async with self._engine.connect() as connection, transaction(connection, cause):
            yield connection

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[AsyncConnection]:
        """A connection kept for long, for an advisory lock and the transactions it guards."""
        async with self._engine.connect() as connection:
            yield connection


@contextlib.asynccontextmanager
async def transaction(connection: AsyncConnection, cause: Cause) -> AsyncIterator[None]:
    """A transaction that says its cause on ``connection``."""
    async with connection.begin():
        await connection.execute(
            text(
                "select set_config('hub.cause', :what, true), set_config('hub.actor', :actor, true),"
                " set_config('hub.correlation', :correlation, true)"
            ),
            {"what": cause.what, "actor": cause.actor, "correlation": cause.correlation},
        )
        yield


async def driver(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection beneath, for COPY and for deferring jobs in the same transaction."""
    raw = await connection.get_raw_connection()
    driven = raw.driver_connection
    assert isinstance(driven, psycopg.AsyncConnection)
    return driven


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the SQL statements run inside, as a list that grows."""
    noted: list[str] = []
    token = statements.set(noted)
    try:
        yield noted
    finally:
        statements.reset(token)


def _note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    noted = statements.get()
    if noted is not None:
        noted.append(statement)
