"""Clients written by others follow the feed: graphql-ws, graphql-sse, Apollo Client, urql and an EventSource."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.contract import SystemDeclaration
from tests.api.streams.harness import placed
from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.clients import CLIENTS, install, needs_node, patient
from tests.fake_connector import Fake, FakeSettings, payment
from tests.waits import hanging

pytestmark = [pytest.mark.outside, needs_node, patient]


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


@asynccontextmanager
async def node(*arguments: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Run a script until the block ends; yield a function that returns its next line."""
    process = await asyncio.create_subprocess_exec(
        "node", *arguments, cwd=CLIENTS, stdout=asyncio.subprocess.PIPE, stderr=sys.stderr
    )
    assert process.stdout
    lines = process.stdout

    async def line() -> str:
        async with hanging():
            return (await lines.readline()).decode()

    try:
        yield line
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def test_every_client_gets_old_and_new_changes_once(database_url: str) -> None:
    await install()
    async with placed(database_url) as place:
        await place.commit(payment("P1"), payment("P2"))
        async with node("subscribe.mjs", place.url, place.tokens["central"], "4") as line:
            assert await line() == "caught up\n"
            await place.commit(payment("P3"))
            await place.commit(payment("P4"))
            got = json.loads(await line())
    assert len(got) == 7
    assert {name: subjects for name, subjects in got.items() if subjects != ["P1", "P2", "P3", "P4"]} == {}


@needs_chromium
async def test_a_page_of_another_origin_follows_in_a_browser(database_url: str, tmp_path: Path) -> None:
    await install()
    async with placed(database_url) as place:
        arguments = (place.url, place.tokens["central"], CHROMIUM, str(tmp_path / "profile"))
        async with node("subscribe_in_browser.mjs", *arguments) as line:
            assert await line() == "open\n"
            await place.commit(payment("P1"))
            await place.stage.run("update systems set down_since = '2026-01-01' where name = 'fake'")
            got = json.loads(await line())
    assert got["complaints"] == []
    assert [each["__typename"] for each in got["webSocket"]] == ["Checkpoint", "ChangeEdge"]
    assert [each["event"] for each in got["fetch"]] == ["checkpoint", "change"]
    assert got["eventSource"][0] == {"name": "fake", "downSince": None}
