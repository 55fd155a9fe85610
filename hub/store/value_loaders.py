"""How PostgreSQL's values become Python's: times within what Python can represent, and JSON by orjson."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg.adapt import AdaptersMap, Buffer, Loader
from psycopg.pq import Format

EARLIEST_TIME, LATEST_TIME = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""The replacements of times that PostgreSQL can store and Python cannot represent: a day within Python's limits, so
that they exist in every time zone."""


class _ClampedTimestamps(Loader):
    """A loader of times that replaces those beyond Python's limits, which would otherwise fail the whole statement."""

    _driver = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, Format.TEXT)

    def __init__(self, oid: int, context: Any = None) -> None:
        super().__init__(oid, context)
        assert self._driver
        self._inner = self._driver(oid, context)

    def load(self, data: Buffer) -> datetime:
        """Return the time, within ``EARLIEST_TIME`` and ``LATEST_TIME``."""
        try:
            time: datetime = self._inner.load(data)
        except psycopg.DataError:
            early = bytes(data).endswith(b"BC") or bytes(data).startswith(b"-")
            return EARLIEST_TIME if early else LATEST_TIME
        return time if 1 < time.year < 9999 else min(max(time, EARLIEST_TIME), LATEST_TIME)


# Not `\d{19}`, for which the expression is not searched by its first character, and takes several times longer.
_MANY_DIGITS = re.compile(rb"[0-9][0-9]{18}")


class _Json(Loader):
    """A loader of JSON by orjson, which would make a number of 20 digits or more inexact; Python's takes longer."""

    def load(self, data: Buffer) -> Any:
        """Return the value."""
        return json.loads(bytes(data)) if _MANY_DIGITS.search(data) else orjson.loads(data)


def register_loaders(connection: Any, _: Any) -> None:
    """Load times and JSON of a new connection as described above; a listener for SQLAlchemy's event ``connect``."""
    adapters: AdaptersMap = connection.driver_connection.adapters
    adapters.register_loader("timestamptz", _ClampedTimestamps)
    adapters.register_loader("json", _Json)
    adapters.register_loader("jsonb", _Json)
