"""Clients written by others follow the feed: graphql-ws, graphql-sse, Apollo Client, urql and an EventSource."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from hub.contract import SystemDeclaration
from tests.api.streams.harness import placed
from tests.clients import CLIENTS, install, needs_node, patient
from tests.fake_connector import Fake, FakeSettings, payment
from tests.waits import hanging

pytestmark = [pytest.mark.outside, needs_node, patient]


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


async def test_every_client_gets_old_and_new_changes_once(database_url: str) -> None:
    await install()
    async with placed(database_url) as place:
        await place.commit(payment("P1"), payment("P2"))
        process = await asyncio.create_subprocess_exec(
            *("node", "subscribe.mjs", place.url, place.tokens["central"], "4"),
            cwd=CLIENTS,
            stdout=asyncio.subprocess.PIPE,
            stderr=sys.stderr,
        )
        try:
            assert process.stdout
            async with hanging():
                assert await process.stdout.readline() == b"caught up\n"
                await place.commit(payment("P3"))
                await place.commit(payment("P4"))
                got = json.loads(await process.stdout.readline())
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert len(got) == 7
    assert {name: subjects for name, subjects in got.items() if subjects != ["P1", "P2", "P3", "P4"]} == {}
