"""The same graph as an engineer would write it with Strawberry, its DataLoaders and SQLAlchemy, for the desk's officer.

It has no authentication, limits or metrics; it notes who read a reporter. Run by ``uvicorn bench.stock.app:app``, with
the database's URL in ``BENCH_URL``.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import strawberry
from strawberry import Info
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from bench.hand import paging
from bench.stock.loaders import loaders
from bench.stock.statements import Statements
from bench.stock.types import Complaint, ComplaintFilter, OrderBy

MOST_COUNTED = 10_000


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class ComplaintEdge:
    node: Complaint


@strawberry.type
class ComplaintConnection:
    filtered: strawberry.Private[tuple[str, str]]
    page_info: PageInfo
    edges: list[ComplaintEdge]

    @strawberry.field
    async def total_count(self, info: Info) -> int | None:
        (row,) = await info.context["statements"].rows("count", *self.filtered)
        return row["n"] if row["n"] <= MOST_COUNTED else None


@strawberry.type
class System:
    name: str
    title: str
    state: str
    as_of: datetime | None
    down_since: datetime | None
    lag_seconds: float | None
    record_count: int
    quarantined_count: int


@strawberry.type
class Query:
    @strawberry.field
    async def complaints(
        self,
        info: Info,
        first: int,
        filter: ComplaintFilter,
        after: str | None = None,
        order_by: OrderBy = OrderBy.RECEIVED_DESC,
    ) -> ComplaintConnection:
        filtered = filter.status[0].value, filter.channel[0].value
        found = await info.context["statements"].rows("page", *filtered, *paging.position(after), first + 1)
        rows, page_info = paging.page(found)
        return ComplaintConnection(
            filtered=filtered,
            page_info=PageInfo(has_next_page=page_info["hasNextPage"], end_cursor=page_info["endCursor"]),
            edges=[ComplaintEdge(node=Complaint.of(row)) for row in rows],
        )

    @strawberry.field
    async def systems(self, info: Info) -> list[System]:
        return [
            System(
                name=row["name"],
                title=row["title"],
                state=row["state"],
                as_of=row["synced_at"],
                down_since=row["down_since"],
                lag_seconds=row["lag"],
                record_count=row["records"],
                quarantined_count=row["quarantined"],
            )
            for row in await info.context["statements"].rows("systems")
        ]


class Endpoint(GraphQL[Any, None]):
    """Gives each request loaders of its own."""

    def __init__(self, statements: Statements) -> None:
        super().__init__(strawberry.Schema(Query, extensions=[ParserCache, ValidationCache]))
        self._statements = statements

    async def close(self) -> None:
        """Close the connections."""
        await self._statements.close()

    async def get_context(self, request: Any, response: Any) -> Any:
        return {"statements": self._statements, **loaders(self._statements, "u_bench_officer")}


def build(url: str) -> Endpoint:
    """Return the graph over the database at ``url``."""
    return Endpoint(Statements(url))


def __getattr__(name: str) -> Endpoint:
    """Build ``app`` when uvicorn imports it, and not when a test imports ``build``."""
    if name != "app":
        raise AttributeError(name)
    return build(os.environ["BENCH_URL"])
