"""Writes of requests at the same moment: grouped, each durable before its caller goes on, none failing another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.store.grouped_writes import GroupedWrites, Rows


class Server:
    """Keeps what it executes; refuses rows with ``refused``, and waits until it is ``free``."""

    def __init__(self) -> None:
        self.executed: list[list[Any]] = []
        self.calls = 0
        self.free = asyncio.Event()
        self.free.set()

    async def execute(self, statement: str, rows: Rows) -> None:
        self.calls += 1
        await self.free.wait()
        if any(row.get("lost") for row in rows):
            raise OSError(statement)
        if any(row.get("refused") for row in rows):
            raise ValueError(statement)
        self.executed.append([row["n"] for row in rows])


async def test_rows_that_wait_share_a_statement() -> None:
    server = Server()
    writes = GroupedWrites(server.execute, (ValueError,))
    server.free.clear()
    callers = [asyncio.create_task(writes.write("insert", [{"n": 1}]))]
    await asyncio.sleep(0)
    callers += [asyncio.create_task(writes.write("insert", [{"n": n}, {"n": -n}])) for n in (2, 3)]
    callers += [asyncio.create_task(writes.write("another", [{"n": 4}]))]
    await asyncio.sleep(0)
    assert not any(each.done() for each in callers)
    server.free.set()
    await asyncio.gather(*callers)
    assert server.executed == [[1], [2, -2, 3, -3], [4]]


async def test_failure_is_that_of_its_request_alone() -> None:
    server = Server()
    writes = GroupedWrites(server.execute, (ValueError,))
    rows = [{"n": 1}, {"n": 2, "refused": True}, {"n": 3}]
    first, second, third = await asyncio.gather(
        *(writes.write("insert", [row]) for row in rows), return_exceptions=True
    )
    assert (first, third) == (None, None)
    assert isinstance(second, ValueError)
    assert server.executed == [[1], [3]]
    await writes.write("insert", [{"n": 4}])
    assert server.executed[-1] == [4]


async def test_lost_server_fails_all_of_a_statement_at_once() -> None:
    server = Server()
    writes = GroupedWrites(server.execute, (ValueError,))
    rows = [{"n": 1}, {"n": 2, "lost": True}, {"n": 3}]
    found = await asyncio.gather(*(writes.write("insert", [row]) for row in rows), return_exceptions=True)
    assert [type(each) for each in found] == [OSError] * 3
    assert (server.calls, server.executed) == (1, [])


async def test_cancelled_request_is_written_all_the_same() -> None:
    server = Server()
    writes = GroupedWrites(server.execute, (ValueError,))
    server.free.clear()
    caller = asyncio.create_task(writes.write("insert", [{"n": 1}]))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    server.free.set()
    await writes.close()
    assert server.executed == [[1]]
