"""The statements of ``bench/sql`` by SQLAlchemy, on psycopg."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.store.database import driver_url

POOL_SIZE = 10
_FOLDER = Path(__file__).parents[1] / "sql"


@cache
def _statement(name: str) -> TextClause:
    """Return the statement with named parameters: ``:p1`` for ``$1``."""
    without_comments = re.sub(r"^--.*$", "", (_FOLDER / f"{name}.sql").read_text(), flags=re.MULTILINE)
    return text(re.sub(r"\$(\d)", r":p\1", without_comments))


class Statements:
    """Runs the statements, each on a connection of the pool."""

    def __init__(self, url: str) -> None:
        # A statement is a transaction of its own, which saves two round trips each.
        options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "connect_args": {"options": "-c TimeZone=UTC"}}
        self._engine: AsyncEngine = create_async_engine(driver_url(url), pool_size=POOL_SIZE, max_overflow=0, **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()

    async def rows(self, name: str, *values: Any) -> Sequence[RowMapping]:
        """Return the rows of a statement."""
        async with self._engine.connect() as connection:
            return (await connection.execute(_statement(name), _named(values))).mappings().all()

    async def write(self, name: str, *values: Any) -> None:
        """Run a statement without rows."""
        async with self._engine.connect() as connection:
            await connection.execute(_statement(name), _named(values))


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return {f"p{number}": value for number, value in enumerate(values, 1)}
