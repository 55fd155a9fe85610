"""The connections of the hub's pools: their settings, and what becomes of them when a pool is closed."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

KEEPALIVES = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
"""A host that vanishes does not close its connections: with these settings that is noticed within a minute instead of
the usual two hours, during which the server would keep the locks of a worker that is gone."""

SESSION_SETTINGS = {
    "statement_timeout": "60s",
    "TimeZone": "UTC",
    **{f"tcp_{name}": str(value) for name, value in KEEPALIVES.items()},
}
"""The settings of PostgreSQL in each session of the hub. Behind a pooler the hub's role has to have them."""


def connect_arguments(*, pooled: bool = False) -> dict[str, Any]:
    """Return the arguments with which the driver connects; ``pooled``: to a pooler of transactions.

    Each transaction may be in another session there: the hub cannot configure it, and what it has prepared in one is
    unknown in the next.
    """
    if pooled:
        return {"prepare_threshold": None, **KEEPALIVES}
    options = " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items())
    return {"options": options, **KEEPALIVES}


def snapshots_pooler_url(pooler_url: str) -> str:
    """Return the URL of the pooler's second pool: of the database ``<name>_snapshots``, another entry of the same one.

    A pooler has a pool for each entry. In a single one, as many operations as it has sessions would each hold one for
    their snapshot, and wait for another one to record what they read.
    """
    url = make_url(pooler_url)
    return url.set(database=f"{url.database}_snapshots").render_as_string(hide_password=False)


class ConnectionPool(AsyncAdaptedQueuePool):
    """A pool that, once disposed of, closes the connections that were in use; SQLAlchemy leaves them open."""

    # Its log has the level of SQLAlchemy's and not of the hub's.
    _sqla_logger_namespace = "sqlalchemy.pool.ConnectionPool"
    _disposed = False

    def dispose(self) -> None:
        """Close every connection: those in the pool now, the others when they are returned."""
        self._disposed = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if self._disposed:
            record.close()
        # A caller that waits for it opens the connection again.
        super()._do_return_conn(record)
