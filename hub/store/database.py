"""Connections to PostgreSQL: short ones for reads, and for a write one transaction with its cause."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import (
    InterfaceError,
    OperationalError,
    PendingRollbackError,
    SQLAlchemyError,
    TimeoutError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from hub.store.connection_pool import ConnectionPool, connect_arguments, snapshots_pooler_url
from hub.store.driver_cursors import Parameters, reused_cursor, run
from hub.store.grouped_writes import GroupedWrites, Rows
from hub.store.statement_spans import statement_span, trace_statements
from hub.store.value_loaders import register_loaders

DATABASE_ERRORS = (SQLAlchemyError, psycopg.Error)
"""The errors of a statement, whether SQLAlchemy or the driver executed it."""

UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    TimeoutError,
    PendingRollbackError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""The errors raised if the database is unavailable or the connection is lost; COPY raises those of the driver."""

statements: ContextVar[list[str] | None] = ContextVar("statements", default=None)
"""The list that collects the SQL statements of the current request or test; None if they are not collected."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a write, copied into every change row that it makes.

    ``operation`` is such as ``pull`` or ``mutation:assignComplaint``; ``actor`` is the name of a viewer, never
    personal data; ``correlation`` is the id of the request or run. ``client``, the OAuth client, and ``network``, the
    truncated network address, are for the audit trail.
    """

    operation: str
    actor: str
    correlation: str
    client: str | None = None
    network: str = ""


def driver_url(url: str) -> str:
    """Return the URL in the form that SQLAlchemy needs, with the psycopg driver."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


_BEGIN_SNAPSHOT = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Database:
    """Two pools of connections to PostgreSQL: ``snapshots`` connections for snapshots, ``pool_size`` for all else.

    They are separate because an operation that reads a snapshot may have to record what it read: in a single pool, as
    many such operations as there are connections would wait for each other.

    With ``pooler_url`` both are of a pooler, which gives a session of the server for one transaction at a time, from a
    pool of its own for each; what needs a session of its own has it at ``url``, of ``pool_size`` at most.
    """

    def __init__(self, url: str, *, pooler_url: str | None = None, pool_size: int = 10, snapshots: int = 5) -> None:
        self.url = url
        pooled, snapshots_at = pooler_url is not None, snapshots_pooler_url(pooler_url) if pooler_url else url
        self._engine = make_engine(pooler_url or url, pool_size, pooled=pooled, pool_pre_ping=True)
        self._snapshots = make_engine(snapshots_at, snapshots, pooled=pooled, isolation_level="AUTOCOMMIT")
        self._sessions = make_engine(url, pool_size, pool_pre_ping=True) if pooled else self._engine
        self.grouped_writes = GroupedWrites(self._write_rows, (psycopg.DataError, psycopg.IntegrityError, TypeError))

    async def close(self) -> None:
        """Close every connection."""
        await self.grouped_writes.close()
        await self._engine.dispose()
        await self._snapshots.dispose()
        await self._sessions.dispose()

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection whose reads all see the same moment; it cannot write."""
        async with self._snapshots.connect() as connection:
            await begin_snapshot(connection)
            yield connection
            await end_snapshot(connection)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for one or a few reads, without a transaction around them."""
        async with self._engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextlib.asynccontextmanager
    async def write(self, cause: Cause) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction with ``cause``, committed at the end of the block.

        The triggers of the history refuse every write without a cause.
        """
        async with self._engine.connect() as connection, transaction(connection, cause):
            yield connection

    async def _write_rows(self, statement: str, rows: Rows) -> None:
        """Execute a statement that begins with ``DURABLE`` and reads ``rows``, a JSON array."""
        async with self.read() as connection:
            await execute(connection, statement, {"rows": orjson.dumps(rows).decode()})

    @contextlib.asynccontextmanager
    async def dedicated(self) -> AsyncIterator[AsyncConnection]:
        """Yield a session for longer use, such as an advisory lock and the transactions that it guards."""
        async with self._sessions.connect() as connection:
            yield connection


def make_engine(url: str, pool_size: int, *, pooled: bool = False, **options: Any) -> AsyncEngine:
    """Return a pool of at most ``pool_size`` connections to ``url``; ``options`` are those of ``create_engine``.

    ``pooled``: ``url`` leads to a pooler of transactions.
    """
    engine = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=0,
        poolclass=ConnectionPool,
        # Values may be personal data, which an error of the driver must not carry into a log.
        hide_parameters=True,
        # No column is one, and each engine would ask the server for the type.
        use_native_hstore=False,
        connect_args=connect_arguments(pooled=pooled),
        **options,
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _before_execution)
    trace_statements(engine.sync_engine)
    event.listen(engine.sync_engine, "connect", register_loaders)
    event.listen(engine.sync_engine, "handle_error", _mark_disconnected)
    return engine


async def begin_snapshot(connection: AsyncConnection) -> None:
    """Begin a snapshot; if the connection was lost while it was in the pool, on a new connection."""
    driver = await driver_connection(connection)
    try:
        await run(driver, _BEGIN_SNAPSHOT)
    except psycopg.OperationalError:
        if not driver.closed:
            raise
        # The others in the pool may be lost as well.
        await connection.invalidate()
        await connection.engine.dispose()
        await run(await driver_connection(connection), _BEGIN_SNAPSHOT)


async def end_snapshot(connection: AsyncConnection) -> None:
    """Commit, which keeps what the connection has prepared; after a rollback the driver prepares everything anew."""
    driver = await driver_connection(connection)
    if driver.pgconn.transaction_status == TransactionStatus.INTRANS:
        try:
            await driver.commit()
        except psycopg.Error:
            # Everything was read before the connection was lost.
            await connection.invalidate()


_BE_DURABLE = """
case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', true) end
"""

DURABLE = f"with durable as materialized (select {_BE_DURABLE})"
"""Makes the commit of a statement that selects from ``durable`` return only when it is durable; see `transaction`."""

_SET_CAUSE = f"""
select set_config('hub.cause', %(operation)s, true), set_config('hub.actor', %(actor)s, true),
       set_config('hub.correlation', %(correlation)s, true), set_config('hub.client', %(client)s, true),
       set_config('hub.network', %(network)s, true), {_BE_DURABLE}
"""


@contextlib.asynccontextmanager
async def transaction(connection: AsyncConnection, cause: Cause) -> AsyncIterator[None]:
    """Run the block in a transaction with ``cause`` on ``connection``, whose commit returns only when it is durable.

    A server may be configured to return from a commit before that (``synchronous_commit=off``), and a crash could undo
    what was acknowledged to a client. Stronger settings, which also wait for a standby, are left as they are.
    """
    async with connection.begin():
        await execute(connection, _SET_CAUSE, asdict(cause) | {"client": cause.client or ""})
        yield


async def driver_connection(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """Return the underlying psycopg connection, for COPY and for queueing jobs in the same transaction."""
    sync = connection.sync_connection
    # `get_raw_connection` switches to a greenlet and back, which only a connection that has to be opened again needs.
    valid = sync is not None and not (sync.closed or sync.invalidated)
    raw: Any = sync.connection if sync is not None and valid else await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


async def execute(
    connection: AsyncConnection, statement: str, parameters: Parameters, numbered: bytes | None = None
) -> list[dict[str, Any]]:
    """Execute a statement by the driver, and return its rows; through SQLAlchemy it costs several times more.

    The statement is prepared at once, as it will be executed again with other parameters; not through a pooler.
    ``numbered`` is the same statement with numbers for parameters, so that the driver need not look for their names.
    Its errors are those of the driver, except for a connection that cannot be used any more (``OperationalError``).
    """
    driver = await driver_connection(connection)
    record_statement(statement)
    try:
        async with reused_cursor(driver, numbered=bool(numbered)) as cursor:
            with statement_span(statement, connection.engine.url):
                await cursor.execute(numbered or statement.encode(), parameters, prepare=True)
            # Not `cursor.description`, which makes an object for each column.
            return await cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
    except _UNUSABLE as error:
        await connection.invalidate()
        raise OperationalError(statement, None, error) from error
    except BaseException:
        # The driver closes a connection if its task is cancelled again while it cancels the statement. A rollback on
        # it would fail, and hide that the task is cancelled.
        if driver.closed:
            await connection.invalidate()
        raise


@contextlib.contextmanager
def record_statements() -> Iterator[list[str]]:
    """Yield a list that collects the SQL statements executed in the block."""
    recorded: list[str] = []
    token = statements.set(recorded)
    try:
        yield recorded
    finally:
        statements.reset(token)


_UNUSABLE = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)
"""Errors of a connection that cannot be used any more, although the driver does not report it as closed: the server has
become a standby, or has ended the session or its transaction."""


def _mark_disconnected(context: ExceptionContext) -> None:
    """Treat an unusable connection as lost, so that the pool closes it and opens a new one when needed."""
    error = context.original_exception
    if isinstance(error, _UNUSABLE):
        context.is_disconnect = True
        raise OperationalError(context.statement, None, error) from error


def record_statement(statement: str) -> None:
    """Add ``statement`` to those that ``record_statements`` collects."""
    recorded = statements.get()
    if recorded is not None:
        recorded.append(statement)


def _before_execution(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    record_statement(statement)
