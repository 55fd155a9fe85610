"""A database that fails during a resolver: the client gets a temporary error, and no fault is logged."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.queries import pagination
from hub.web.error_responses import DEFAULT_RETRY_AFTER
from tests.schema.harness import OFFICER, Stage

BREAKS = {
    "ended by an administrator": "select pg_terminate_backend(pg_backend_pid())",
    "cancelled": "select pg_cancel_backend(pg_backend_pid()), pg_sleep(9)",
    "now a standby": "do $$ begin set transaction read only; create table none_such (); end $$",
    "idle in a transaction": "do $$ begin raise exception using errcode = '25P03'; end $$",
    "out of connections": "do $$ begin raise exception using errcode = 'too_many_connections'; end $$",
    "out of memory": "do $$ begin raise exception using errcode = 'out_of_memory'; end $$",
    "starting up": "do $$ begin raise exception using errcode = 'cannot_connect_now'; end $$",
}


@pytest.mark.parametrize("statement", [*BREAKS.values(), None], ids=[*BREAKS, "no connection free"])
async def test_a_database_lost_in_a_resolver_is_retryable(
    shared: Stage, monkeypatch: pytest.MonkeyPatch, statement: str | None
) -> None:
    sound = pagination.page

    async def broken(db: AsyncConnection, *arguments: Any) -> Any:
        if statement is None:
            raise TimeoutError("QueuePool limit reached")
        await db.execute(text(statement))
        await db.execute(text("select 1"))

    monkeypatch.setattr(pagination, "page", broken)
    client = await shared._client(None)
    with structlog.testing.capture_logs() as logged:
        response = await client.post("/graphql", json={"query": "{agencies {edges {cursor}} areas {edges {cursor}}}"})
    (error, *_) = response.json()["errors"]
    assert error["extensions"] == {"code": "TRY_LATER", "retryAfter": DEFAULT_RETRY_AFTER}
    assert response.headers["retry-after"] == str(DEFAULT_RETRY_AFTER)
    assert {line["event"] for line in logged} == {"service unavailable", "request"}
    monkeypatch.setattr(pagination, "page", sound)
    assert (await shared.ask(OFFICER, "{agencies {totalCount} areas {totalCount}}")).errors == []
